package io.millrace.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/** What the worker counts, as {@code millrace.worker.*}. Aborted transactions are counted too. */
final class WorkerMeters {
  private final MeterRegistry registry;
  private final String model;
  private final Counter admitted;
  private final Counter resumed;
  private final Counter duplicates;
  private final Counter tokens;

  WorkerMeters(MeterRegistry registry, String model, AtomicInteger inFlight) {
    this.registry = registry;
    this.model = model;
    admitted = counter("admitted", "Prompts taken from the lanes");
    resumed = counter("resumed", "Prompts taken over from an earlier owner of a lane");
    duplicates = counter("duplicates", "Prompts ignored because their id was in flight");
    tokens = counter("tokens", "Tokens generated and saved");
    Gauge.builder("millrace.worker.in.flight", inFlight, AtomicInteger::get)
        .description("Prompts taken and not yet ended")
        .tag("model", model)
        .register(registry);
  }

  void admitted() {
    admitted.increment();
  }

  void resumed() {
    resumed.increment();
  }

  void duplicate() {
    duplicates.increment();
  }

  void tokens(int number) {
    tokens.increment(number);
  }

  /**
   * @param end a finish reason or the code of an error
   */
  void ended(String end) {
    Counter.builder("millrace.worker.ended")
        .description("Prompts ended, by finish reason or error")
        .tag("model", model)
        .tag("end", end)
        .register(registry)
        .increment();
  }

  private Counter counter(String name, String description) {
    return Counter.builder("millrace.worker." + name)
        .description(description)
        .tag("model", model)
        .register(registry);
  }
}
