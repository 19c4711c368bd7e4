package io.millrace.ops;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.millrace.engine.EngineListener;
import io.millrace.engine.EngineStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.apache.kafka.streams.KafkaStreams;

/** The meters of a process: those of the JVM from the start, others as its parts are bound. */
public final class Meters implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final List<Runnable> closers = new ArrayList<>();

  public Meters() {
    JvmGcMetrics gc = new JvmGcMetrics();
    bind(gc, gc::close);
    List.of(
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ProcessorMetrics(),
            new UptimeMetrics())
        .forEach(binder -> binder.bindTo(registry));
  }

  /** Where parts of the process put meters of their own. */
  public MeterRegistry registry() {
    return registry;
  }

  /** Adds what Kafka Streams and its clients measure, as {@code kafka.*}. */
  public void bind(KafkaStreams streams) {
    KafkaStreamsMetrics metrics = new KafkaStreamsMetrics(streams);
    bind(metrics, metrics::close);
  }

  /** Adds an engine, as {@code millrace.engine.*}. */
  public void bindEngine(String model, Supplier<EngineStatus> engine) {
    requireNonNull(engine, "engine is null");
    gauge("running", "Requests being generated", model, engine, EngineStatus::running);
    gauge(
        "waiting", "Requests waiting for a slot or KV pages", model, engine, EngineStatus::waiting);
    gauge("queued.tokens", "Tokens still to compute", model, engine, EngineStatus::queuedTokens);
    gauge(
        "tokens.per.second",
        "Rate over recent steps",
        model,
        engine,
        EngineStatus::tokensPerSecond);
    gauge("kv.pages.used", "Pages that sequences hold", model, engine, EngineStatus::pagesUsed);
    gauge("kv.pages", "Pages of the KV cache", model, engine, EngineStatus::pagesTotal);
  }

  /** Where an engine tells what it does step by step, as {@code millrace.engine.*}. */
  public EngineListener engineListener(String model) {
    return new EngineMeters(registry, model);
  }

  /** All meters in Prometheus' text format. */
  String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    closers.forEach(Runnable::run);
    registry.close();
  }

  private void bind(MeterBinder binder, Runnable close) {
    binder.bindTo(registry);
    closers.add(close);
  }

  private void gauge(
      String name,
      String description,
      String model,
      Supplier<EngineStatus> engine,
      ToDoubleFunction<EngineStatus> value) {
    Gauge.builder("millrace.engine." + name, () -> value.applyAsDouble(engine.get()))
        .description(description)
        .tag("model", model)
        .register(registry);
  }
}
