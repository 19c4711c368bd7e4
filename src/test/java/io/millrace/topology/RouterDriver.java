package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** The router's topology without Kafka: the test is its clients, its workers and its clock. */
final class RouterDriver implements AutoCloseable {
  static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
  static final int MAX_BYTES = 1_000;
  static final Duration UNKNOWN_MODEL = Duration.ofSeconds(30);
  static final Duration NO_WORKER = Duration.ofMinutes(10);
  static final int QUOTA = 6;
  static final Duration DEDUP = Duration.ofHours(2);
  static final Duration EXPIRY = Duration.ofSeconds(15);
  static final Topics TOPICS = new Topics("test.");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RouterTopology router;
  private final TopologyTestDriver driver;

  private RouterDriver(Optional<String> defaultModel) {
    router =
        new RouterTopology(
            TOPICS,
            new RouterSettings(
                MAX_BYTES,
                8,
                2,
                QUOTA,
                Set.of("chat"),
                4_000,
                0,
                defaultModel,
                UNKNOWN_MODEL,
                NO_WORKER,
                DEDUP,
                100,
                EXPIRY),
            RandomGenerator.getDefault(),
            registry);
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "router");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, "-1");
    driver = new TopologyTestDriver(router.topology(), config, START);
  }

  static RouterDriver start(Optional<String> defaultModel) {
    return new RouterDriver(defaultModel);
  }

  @Override
  public void close() {
    driver.close();
  }

  SimpleMeterRegistry registry() {
    return registry;
  }

  Map<String, Gate> gates() {
    return router.gates();
  }

  /** Lets time go by. */
  void pass(Duration time) {
    driver.advanceWallClockTime(time);
  }

  static String prompt(String model) {
    return "{\"model\":\"%s\",\"prompt\":\"Once\"}".formatted(model);
  }

  void publish(String id, String value) {
    input(TOPICS.prompts()).pipeInput(id, value == null ? null : value.getBytes(UTF_8), START);
  }

  TestInputTopic<String, byte[]> input(String topic) {
    return driver.createInputTopic(topic, new StringSerializer(), new ByteArraySerializer());
  }

  void heartbeat(String model, int lane, String worker, int freeSlots, long admitted) {
    WorkerStatus status = Heartbeats.of(model, lane, worker, freeSlots, admitted);
    input(TOPICS.workers()).pipeInput(status.key(), status.toJson());
  }

  void cancel(String id) {
    input(TOPICS.control()).pipeInput(id, "{\"action\":\"cancel\"}".getBytes(UTF_8), START);
  }

  TestRecord<String, byte[]> answers(String topic) {
    return driver
        .createOutputTopic(topic, new StringDeserializer(), new ByteArrayDeserializer())
        .readRecord();
  }

  /** Lets the punctuator run once. */
  void tick() {
    driver.advanceWallClockTime(Duration.ofMillis(25));
  }

  /** Prompts in the waiting store. */
  long waiting() {
    long count = 0;
    try (var entries = driver.getKeyValueStore(WaitingPrompts.STORE).all()) {
      while (entries.hasNext()) {
        entries.next();
        count++;
      }
    }
    return count;
  }

  TestOutputTopic<String, Work> work(String model) {
    return driver.createOutputTopic(
        TOPICS.work(model), new StringDeserializer(), (topic, value) -> Work.fromJson(value));
  }

  TestOutputTopic<String, Completion> completions() {
    return driver.createOutputTopic(
        TOPICS.completions(),
        new StringDeserializer(),
        (topic, value) -> Completion.fromJson(value));
  }

  TestOutputTopic<String, Chunk> chunks() {
    return driver.createOutputTopic(
        TOPICS.chunks(), new StringDeserializer(), (topic, value) -> Chunk.fromJson(value));
  }

  TestOutputTopic<String, byte[]> deadLetters() {
    return driver.createOutputTopic(
        TOPICS.deadLetters(), new StringDeserializer(), new ByteArrayDeserializer());
  }

  static String header(TestRecord<?, ?> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }
}
