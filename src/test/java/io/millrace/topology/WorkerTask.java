package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.OutputChecker;
import io.millrace.engine.Engine;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Prompt;
import io.millrace.record.PromptBuilder;
import io.millrace.record.Topics;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.MockProcessorContext.CapturedForward;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** A task of the worker app without Kafka: the test is its clock, its input and its end. */
final class WorkerTask {
  static final long NOW = 1_700_000_000_000L;
  static final int LANE = 3;
  static final int MAX_ATTEMPTS = 3;
  static final int MAX_OUTPUT_BYTES = 10_000;
  static final Headers HEADERS =
      new RecordHeaders().add("traceparent", "00-12-34-01".getBytes(UTF_8));

  private static final WorkerSettings SETTINGS =
      new WorkerSettings(
          "mini-7",
          "tiny",
          new Topics(""),
          Duration.ofSeconds(1),
          MAX_ATTEMPTS,
          1 << 20,
          MAX_OUTPUT_BYTES);

  private final KeyValueStore<byte[], byte[]> store;
  private final KeyValueStore<String, Long> cancellations = TaskStore.cancellations();
  private final Commits commits = new Commits();
  private final HandOver handOver = new HandOver();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Gate gate;
  private final GenerationProcessor processor;
  private final MockProcessorContext<String, byte[]> context =
      new MockProcessorContext<>(new Properties(), new TaskId(0, LANE), new File("unused"));
  private long now = NOW;
  private long offset;

  private WorkerTask(KeyValueStore<byte[], byte[]> store, Engine engine) {
    this.store = store;
    gate = new Gate(engine.info().slots() + 1, inFlight::get);
    processor =
        new GenerationProcessor(
            new GenerationProcessor.Shared(
                SETTINGS,
                engine,
                gate,
                inFlight,
                commits,
                new Quarantine(commits),
                handOver,
                new Completions(SETTINGS.worker(), engine.info()),
                new WorkerMeters(registry, SETTINGS.model(), inFlight)));
    context.addStateStore(store);
    context.addStateStore(cancellations);
  }

  static WorkerTask start(KeyValueStore<byte[], byte[]> store, Engine engine) {
    WorkerTask task = new WorkerTask(store, engine);
    task.init();
    return task;
  }

  /** A prompt for the model of the worker. */
  static PromptBuilder prompt(String id) {
    return Prompt.of(id, "Once").model("tiny").seed(1);
  }

  /** Closes this task; another process takes over its store. */
  WorkerTask restart(Engine engine) {
    processor.close();
    return start(store, engine);
  }

  /** Closes this task and starts it again in the same process. */
  void revive() {
    processor.close();
    init();
  }

  private void init() {
    context.setCurrentSystemTimeMs(now);
    processor.init(context);
  }

  void pass(long millis) {
    now += millis;
    context.setCurrentSystemTimeMs(now);
  }

  void receive(PromptBuilder prompt) {
    Work work = new Work(prompt.build(), now, now);
    receive(work.prompt().id().getBytes(UTF_8), work.toJson());
  }

  void receive(byte[] key, byte[] value) {
    take(key, value);
    tick();
  }

  /** Receives a prompt, and commits nothing. */
  void take(PromptBuilder prompt) {
    Work work = new Work(prompt.build(), now, now);
    take(work.prompt().id().getBytes(UTF_8), work.toJson());
  }

  private void take(byte[] key, byte[] value) {
    gate.handOut(new ConsumerRecord<>("work.tiny", LANE, offset, key, value));
    context.setRecordMetadata("work.tiny", LANE, offset++);
    processor.process(new Record<>(key, value, now, new RecordHeaders(HEADERS)));
  }

  /**
   * Lets the task do what it does every few milliseconds, before and after a commit; returns true,
   * for use in conditions.
   */
  boolean tick() {
    tickUncommitted();
    commits.count();
    tickUncommitted();
    return true;
  }

  void tickUncommitted() {
    context.scheduledPunctuators().getLast().getPunctuator().punctuate(now);
  }

  /** Somebody cancels a prompt now. */
  void cancel(String id) {
    cancellations.put(id, now);
  }

  /** The worker is about to stop. */
  void handOver() {
    handOver.ask();
    tick();
  }

  boolean hasHandedOver() {
    return handOver.isDone();
  }

  List<Chunk> chunks() {
    return output("chunks").map(Chunk::fromJson).toList();
  }

  List<Completion> completions() {
    return output("completions").map(Completion::fromJson).toList();
  }

  List<WorkerStatus> heartbeats() {
    return output("workers").map(WorkerStatus::fromJson).toList();
  }

  List<String> deadLetters() {
    return output("dead-letters").map(value -> new String(value, UTF_8)).toList();
  }

  List<Header[]> outputHeaders(String sink) {
    return context.forwarded(sink).stream()
        .map(forwarded -> forwarded.record().headers().toArray())
        .toList();
  }

  /** Tokens in all chunks so far. */
  int published() {
    return chunks().stream().mapToInt(chunk -> chunk.tokens().size()).sum();
  }

  /** Shows a checker what readers would have seen. */
  void output(OutputChecker checker) {
    chunks().forEach(checker::add);
    completions().forEach(checker::add);
  }

  List<SavedPrompt> savedPrompts() {
    return new InFlightStore(store).readAll();
  }

  int inFlight() {
    return inFlight.get();
  }

  Gate gate() {
    return gate;
  }

  double meter(String name) {
    return registry.get(name).counter().count();
  }

  private Stream<byte[]> output(String sink) {
    return context.forwarded(sink).stream()
        .map(CapturedForward::record)
        .map(record -> (byte[]) record.value());
  }
}
