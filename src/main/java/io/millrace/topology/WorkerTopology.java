package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.engine.Engine;
import io.millrace.record.Topics;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.Topology;

/**
 * The worker app: {@code work.<model>} and {@code control} in; {@code chunks}, {@code completions},
 * {@code dead-letters} and the heartbeats on {@code workers} out.
 */
public final class WorkerTopology {
  static final String GENERATE = "generate";
  static final String WORK = "work";
  static final String CHUNKS = "chunks";
  static final String COMPLETIONS = "completions";
  static final String DEAD_LETTERS = "dead-letters";
  static final String WORKERS = "workers";

  private final GenerationProcessor.Shared shared;

  /**
   * @param engine generates the prompts of all lanes; stays open when the app is closed
   * @param registry gets {@code millrace.worker.*}
   */
  public WorkerTopology(WorkerSettings settings, Engine engine, MeterRegistry registry) {
    requireNonNull(settings, "settings is null");
    requireNonNull(engine, "engine is null");
    AtomicInteger inFlight = new AtomicInteger();
    Commits commits = new Commits();
    HandOver handOver = new HandOver();
    int capacity = capacity(engine.info().slots());
    shared =
        new GenerationProcessor.Shared(
            settings,
            engine,
            new Gate(capacity, () -> handOver.isAsked() ? capacity : inFlight.get()),
            inFlight,
            commits,
            new Quarantine(commits),
            handOver,
            new Completions(settings.worker(), engine.info()),
            new WorkerMeters(registry, settings.model(), inFlight));
  }

  /** Choices that the worker takes: a few wait in the engine, so that no slot waits for Kafka. */
  private static int capacity(int slots) {
    return slots + Math.max(1, slots / 4);
  }

  /** Of the work topic. */
  public Map<String, Gate> gates() {
    return Map.of(work(), shared.gate());
  }

  /** Counts the transactions of the app. */
  public Commits commits() {
    return shared.commits();
  }

  /**
   * Asks the app to take no more prompts, and to leave those that it has to others, with no strike
   * against those that have barely begun.
   */
  public void handOver() {
    shared.handOver().ask();
  }

  /** Whether that has happened. */
  public boolean hasHandedOver() {
    return shared.handOver().isDone();
  }

  public Topology topology() {
    Topics topics = shared.settings().topics();
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    StringSerializer key = new StringSerializer();
    ByteArraySerializer value = new ByteArraySerializer();
    return ControlReader.addTo(new Topology(), topics.control())
        .addSource(WORK, bytes, bytes, work())
        .addProcessor(GENERATE, () -> new GenerationProcessor(shared), WORK)
        .addStateStore(InFlightStore.builder(shared.settings().maxWorkBytes()), GENERATE)
        .addSink(CHUNKS, topics.chunks(), key, value, GENERATE)
        .addSink(COMPLETIONS, topics.completions(), key, value, GENERATE)
        .addSink(DEAD_LETTERS, topics.deadLetters(), key, value, GENERATE)
        .addSink(WORKERS, topics.workers(), key, value, GENERATE);
  }

  private String work() {
    return shared.settings().topics().work(shared.settings().model());
  }
}
