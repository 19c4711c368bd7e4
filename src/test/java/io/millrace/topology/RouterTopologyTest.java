package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.ErrorCode;
import io.millrace.record.Topics;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouterTopologyTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
  private static final int MAX_BYTES = 1_000;
  private static final Duration UNKNOWN_MODEL = Duration.ofSeconds(30);
  private static final Duration NO_WORKER = Duration.ofMinutes(10);
  private static final int QUOTA = 6;
  private static final Duration DEDUP = Duration.ofHours(2);
  private static final Duration EXPIRY = Duration.ofSeconds(15);

  private final Topics topics = new Topics("test.");
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private RouterTopology router;
  private TopologyTestDriver driver = start(Optional.empty());

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void shouldSendPromptToLiveWorker() {
    heartbeat("tales", 0, "mini-1", 8, 0);

    publish("p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"seed\":7,\"max_tokens\":3}");

    Work work = work("tales").readValue();
    assertThat(work.prompt().id()).isEqualTo("p1");
    assertThat(work.prompt().prompt()).isEqualTo("Once");
    assertThat(work.prompt().maxTokens()).isEqualTo(3);
    assertThat(work.prompt().seed()).isEqualTo(OptionalLong.of(7));
    assertThat(work.acceptedAt()).isEqualTo(START.toEpochMilli());
    assertThat(completions().isEmpty()).isTrue();
    assertThat(chunks().isEmpty()).isTrue();
  }

  @Test
  void shouldCarryHeadersToWorker() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    TestRecord<String, byte[]> record =
        new TestRecord<>("p1", "{\"prompt\":\"Once\"}".getBytes(UTF_8), START);
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));

    input(topics.prompts()).pipeInput(record);

    assertThat(work("tales").readRecord().headers().lastHeader("traceparent").value())
        .asString()
        .isEqualTo("00-1-2-01");
  }

  @Test
  void shouldRefusePromptWithLargeHeaders() {
    TestRecord<String, byte[]> record =
        new TestRecord<>("p1", prompt("tales").getBytes(UTF_8), START);
    for (int i = 0; i < 20; i++) {
      record.headers().add("h" + i, new byte[1_000]);
    }

    input(topics.prompts()).pipeInput(record);

    assertThat(completions().readValue().error().orElseThrow().code())
        .isEqualTo("record_too_large");
    assertThat(chunks().readValue().finishReason()).contains("error");
    assertThat(store()).isZero();
  }

  @Test
  void shouldDrawSeedWhenPromptBringsNone() {
    heartbeat("tales", 0, "mini-1", 8, 0);

    publish("p1", prompt("tales"));
    publish("p2", prompt("tales"));

    List<Work> sent = work("tales").readValuesToList();
    assertThat(sent)
        .extracting(work -> work.prompt().seed().orElseThrow())
        .doesNotHaveDuplicates()
        .allSatisfy(seed -> assertThat(seed).isBetween(0L, 1L << 53));
  }

  @Test
  void shouldTakeTheOnlyKnownModelWhenPromptNamesNone() {
    publish("p1", "{\"prompt\":\"Once\"}");

    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();

    assertThat(work("tales").readValue().prompt().model()).contains("tales");
  }

  @Test
  void shouldTakeTheDefaultModelWhenPromptNamesNone() {
    driver.close();
    driver = start(Optional.of("poems"));
    heartbeat("tales", 0, "mini-1", 8, 0);
    heartbeat("poems", 0, "mini-2", 8, 0);

    publish("p1", "{\"prompt\":\"Once\"}");

    assertThat(work("poems").readValue().prompt().model()).contains("poems");
  }

  @Test
  void shouldAskForModelWhenThereAreSeveralAndNoDefault() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    heartbeat("poems", 0, "mini-2", 8, 0);

    publish("p1", "{\"prompt\":\"Once\"}");

    Completion completion = completions().readValue();
    assertThat(completion.error().orElseThrow().code()).isEqualTo("missing_required_parameter");
    assertThat(completion.error().orElseThrow().message()).contains("poems, tales");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      nullValues = "null",
      value = {
        "null | invalid_json | true",
        "`` | invalid_json | true",
        "Once upon a time | invalid_json | true",
        "[1] | invalid_json | true",
        "{\"prompt\":\"Once\",\"temperature\":NaN} | invalid_json | true",
        "{\"prompt\":\"\"} | invalid_value | false",
        "{} | missing_required_parameter | false",
        "{\"prompt\":7} | invalid_type | false",
        "{\"prompt\":\"Once\",\"max_tokens\":0} | invalid_value | false",
        "{\"prompt\":\"Once\",\"max_tokens\":\"3\"} | invalid_type | false",
        "{\"prompt\":\"Once\",\"temperature\":-1} | invalid_value | false",
        "{\"prompt\":\"Once\",\"colour\":\"red\"} | unknown_parameter | false",
        "{\"prompt\":\"Once\",\"id\":\"other\"} | invalid_value | false",
      })
  void shouldAnswerInvalidPromptOnce(String value, String code, boolean unreadable) {
    heartbeat("tales", 0, "mini-1", 8, 0);

    publish("p1", value);

    String id = value != null && value.contains("other") ? "other" : "p1";
    Completion completion = completions().readValue();
    assertThat(completion.id()).isEqualTo(id);
    assertThat(completion.choices()).isEmpty();
    assertThat(completion.error().orElseThrow().type()).isEqualTo("invalid_request_error");
    assertThat(completion.error().orElseThrow().code()).isEqualTo(code);
    assertThat(chunks().readValue())
        .isEqualTo(new Chunk(id, 0, 0, "", List.of(), Optional.of("error")));
    assertThat(completions().isEmpty()).isTrue();
    assertThat(chunks().isEmpty()).isTrue();
    assertThat(deadLetters().isEmpty()).isEqualTo(!unreadable);
    assertThat(work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldAnswerPromptOfInvalidUtf8() {
    byte[] value =
        "{\"prompt\":\"caf\u00e9\"}".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);

    input(topics.prompts()).pipeInput("p1", value);

    assertThat(completions().readValue().error().orElseThrow().code()).isEqualTo("invalid_json");
    assertThat(deadLetters().readValue()).isEqualTo(value);
  }

  @Test
  void shouldKeepTheStartOfAnOversizedRecordWithItsCoordinates() {
    publish("p0", prompt("tales"));
    byte[] value = "x".repeat(MAX_BYTES + 1).getBytes(UTF_8);

    input(topics.prompts()).pipeInput("p1", value);

    assertThat(completions().readValue().error().orElseThrow().code())
        .isEqualTo("record_too_large");
    TestRecord<String, byte[]> letter = deadLetters().readRecord();
    assertThat(letter.key()).isEqualTo("p1");
    assertThat(letter.value()).hasSize(MAX_BYTES);
    assertThat(header(letter, "millrace.error.code")).isEqualTo("record_too_large");
    assertThat(header(letter, "millrace.original.topic")).isEqualTo(topics.prompts());
    assertThat(header(letter, "millrace.original.partition")).isEqualTo("0");
    assertThat(header(letter, "millrace.original.offset")).isEqualTo("1");
    assertThat(header(letter, "millrace.original.bytes")).isEqualTo("" + (MAX_BYTES + 1));
  }

  @Test
  void shouldNameAnUnreadableRecordWithoutKeyByItsCoordinates() {
    input(topics.prompts()).pipeInput(new TestRecord<>(null, "?".getBytes(UTF_8), START));

    assertThat(completions().readValue().id()).isEqualTo(topics.prompts() + "-0-0");
  }

  @Test
  void shouldWriteNoChunkForInvalidPromptThatDoesNotStream() {
    publish("p1", "{\"prompt\":\"\",\"stream\":false}");

    assertThat(completions().readValue().error()).isPresent();
    assertThat(chunks().isEmpty()).isTrue();
  }

  @Test
  void shouldKeepPromptOfUnknownModelUntilItsTimeout() {
    publish("p1", prompt("ghost"));
    driver.advanceWallClockTime(UNKNOWN_MODEL.minusMillis(1));
    assertThat(completions().isEmpty()).isTrue();

    tick();

    Completion completion = completions().readValue();
    assertThat(completion.error().orElseThrow().code()).isEqualTo("model_not_found");
    assertThat(completion.model()).contains("ghost");
    assertThat(chunks().readValue().finishReason()).contains("error");
    assertThat(store()).isZero();
  }

  @Test
  void shouldSendPromptOfUnknownModelOnceAWorkerBringsIt() {
    publish("p1", prompt("late"));
    driver.advanceWallClockTime(UNKNOWN_MODEL.minusSeconds(1));

    heartbeat("late", 0, "mini-1", 8, 0);
    driver.advanceWallClockTime(Duration.ofSeconds(2));

    assertThat(work("late").readValue().prompt().id()).isEqualTo("p1");
    assertThat(completions().isEmpty()).isTrue();
  }

  @Test
  void shouldKeepPromptWhileWorkersOfItsModelAreGone() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    driver.advanceWallClockTime(EXPIRY.plusSeconds(1));
    publish("p1", prompt("tales"));
    driver.advanceWallClockTime(NO_WORKER.minusSeconds(1));
    assertThat(work("tales").isEmpty()).isTrue();
    assertThat(completions().isEmpty()).isTrue();

    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();

    assertThat(work("tales").readValue().prompt().id()).isEqualTo("p1");
  }

  @Test
  void shouldEndPromptWhenNoWorkerOfItsModelComesBack() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    driver.advanceWallClockTime(EXPIRY.plusSeconds(1));
    publish("p1", prompt("tales"));

    driver.advanceWallClockTime(NO_WORKER.plusMillis(100));

    assertThat(completions().readValue().error().orElseThrow().code()).isEqualTo("no_worker");
    assertThat(chunks().readValue().finishReason()).contains("error");
  }

  @Test
  void shouldEndPromptWhoseDeadlinePassesWhileItWaits() {
    heartbeat("tales", 0, "mini-1", 0, 0);
    publish("p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"timeout_ms\":5000}");
    driver.advanceWallClockTime(Duration.ofMillis(4_999));
    assertThat(completions().isEmpty()).isTrue();

    tick();

    assertThat(completions().readValue().error().orElseThrow().code())
        .isEqualTo("deadline_exceeded");
    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();
    assertThat(work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldNeverSendPromptThatIsLateWhenItIsRead() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    long past = START.minusSeconds(1).toEpochMilli();

    publish("p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"deadline\":%d}".formatted(past));

    assertThat(completions().readValue().error().orElseThrow().code())
        .isEqualTo("deadline_exceeded");
    assertThat(work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldSendNoMoreThanFreeSlots() {
    heartbeat("tales", 0, "mini-1", 2, 0);

    for (int i = 0; i < 5; i++) {
      publish("p" + i, prompt("tales"));
    }
    tick();

    assertThat(work("tales").readValuesToList()).hasSize(2);
    assertThat(store()).isEqualTo(3);
  }

  @Test
  void shouldSendByUrgencyThenPriorityThenArrival() {
    publish("first", prompt("tales"));
    publish("low", "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":5}");
    publish("second", prompt("tales"));
    publish("high", "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":-5}");
    input(topics.urgentPrompts())
        .pipeInput(
            "urgent",
            "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":9}".getBytes(UTF_8),
            START);

    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();

    assertThat(work("tales").readValuesToList())
        .extracting(work -> work.prompt().id())
        .containsExactly("urgent", "high", "first", "second", "low");
  }

  @Test
  void shouldNotLetABusyModelHoldUpAnother() {
    heartbeat("tales", 0, "mini-1", 0, 0);
    heartbeat("poems", 0, "mini-2", 8, 0);

    publish("p1", prompt("tales"));
    publish("p2", prompt("poems"));

    assertThat(work("poems").readValue().prompt().id()).isEqualTo("p2");
    assertThat(work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldSendPromptsWithOneIdOnce() {
    publish("p1", prompt("tales"));
    publish("p1", prompt("tales"));
    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();
    publish("p1", "{\"model\":\"tales\",\"prompt\":\"Another\"}");
    publish("p1", "{\"model\":\"tales\",\"colour\":\"red\"}");
    input(topics.urgentPrompts()).pipeInput("p1", prompt("tales").getBytes(UTF_8), START);
    driver.advanceWallClockTime(DEDUP.minusSeconds(1));
    heartbeat("tales", 0, "mini-1", 8, 1);
    publish("p1", prompt("tales"));

    assertThat(work("tales").readValuesToList()).hasSize(1);
    assertThat(completions().isEmpty()).isTrue();
    assertThat(registry.counter("millrace.prompts.duplicates").count()).isEqualTo(5);
  }

  @Test
  void shouldSendALaterPromptWithTheSameIdToTheLaneThatKnowsTheFirst() {
    heartbeat("tales", 3, "mini-1", 8, 0);
    publish("p1", prompt("tales"));
    driver.advanceWallClockTime(DEDUP.plusSeconds(1));
    heartbeat("tales", 1, "mini-2", 8, 0);

    publish("p1", prompt("tales"));
    long elsewhere = work("tales").readRecordsToList().size();
    heartbeat("tales", 3, "mini-3", 8, 0);
    tick();

    assertThat(elsewhere).isEqualTo(1);
    assertThat(work("tales").readRecordsToList()).hasSize(1);
  }

  @Test
  void shouldTakeAPromptThatWasRefusedBefore() {
    heartbeat("tales", 0, "mini-1", 8, 0);

    publish("p1", "{\"model\":\"tales\",\"colour\":\"red\"}");
    publish("p1", prompt("tales"));

    assertThat(work("tales").readValuesToList()).hasSize(1);
  }

  @Test
  void shouldEndAPromptThatIsCancelledWhileItWaits() {
    publish("p1", prompt("tales"));
    publish("p2", prompt("tales"));

    cancel("p1");
    tick();
    heartbeat("tales", 0, "mini-1", 8, 0);
    tick();

    assertThat(completions().readValue().error().orElseThrow().code()).isEqualTo("cancelled");
    assertThat(work("tales").readValuesToList())
        .extracting(work -> work.prompt().id())
        .containsExactly("p2");
  }

  @Test
  void shouldNeverSendAPromptThatWasCancelledInTheBacklog() {
    heartbeat("tales", 0, "mini-1", 8, 0);
    cancel("p1");

    publish("p1", prompt("tales"));

    assertThat(completions().readValue().error().orElseThrow().code()).isEqualTo("cancelled");
    assertThat(work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldSayNothingAboutCancelledIdsThatItDoesNotKnow() {
    cancel("ghost");
    tick();

    assertThat(completions().isEmpty()).isTrue();
    assertThat(chunks().isEmpty()).isTrue();
  }

  @Test
  void shouldCarryHeadersToTheAnswerAndTheDeadLetter() {
    TestRecord<String, byte[]> record = new TestRecord<>("p1", "Once".getBytes(UTF_8), START);
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));

    input(topics.prompts()).pipeInput(record);

    assertThat(header(answers(topics.completions()), "traceparent")).isEqualTo("00-1-2-01");
    assertThat(header(answers(topics.chunks()), "traceparent")).isEqualTo("00-1-2-01");
    TestRecord<String, byte[]> letter = deadLetters().readRecord();
    assertThat(header(letter, "traceparent")).isEqualTo("00-1-2-01");
    assertThat(header(letter, "millrace.error.code")).isEqualTo("invalid_json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tales/0 | not json",
        "tales/0 | {}",
        "tales/1 | {\"version\":1,\"model\":\"tales\",\"lane\":0,\"worker\":\"w\",\"slots\":1,\"free_slots\":1,\"admitted\":0,\"queued_tokens\":0,\"tokens_per_second\":0,\"context_length\":9,\"build\":\"b\",\"fingerprint\":\"f\",\"sent_at\":0,\"interval_ms\":1000}",
      })
  void shouldIgnoreHeartbeatThatIsNone(String key, String value) {
    driver
        .createInputTopic(topics.workers(), new StringSerializer(), new ByteArraySerializer())
        .pipeInput(key, value.getBytes(UTF_8));

    publish("p1", prompt("tales"));
    tick();

    assertThat(store()).isEqualTo(1);
    assertThat(completions().isEmpty()).isTrue();
  }

  @Test
  void shouldShutTheGateWhileTheStoreIsFull() {
    Gate prompts = router.gates().get(topics.prompts());
    Gate urgent = router.gates().get(topics.urgentPrompts());
    for (int i = 0; i < 8; i++) {
      assertThat(prompts.isOpen()).isTrue();
      publish("p" + i, prompt(i % 2 == 0 ? "tales" : "poems"));
    }

    boolean whenFull = prompts.isOpen();
    boolean urgentWhenFull = urgent.isOpen();
    heartbeat("tales", 0, "mini-1", 1, 0);
    tick();

    assertThat(whenFull).isFalse();
    assertThat(urgentWhenFull).isTrue();
    assertThat(prompts.isOpen()).isTrue();
  }

  @Test
  void shouldShutTheGateWhileAModelHasItsQuota() {
    Gate prompts = router.gates().get(topics.prompts());
    for (int i = 0; i < QUOTA; i++) {
      assertThat(prompts.isOpen()).isTrue();
      publish("p" + i, prompt("tales"));
    }

    assertThat(prompts.isOpen()).isFalse();
    assertThat(router.gates().get(topics.prompts("chat")).isOpen()).isTrue();
  }

  @Test
  void shouldNotLetAModelWithAnInputOfItsOwnHoldUpTheOthers() {
    for (int i = 0; i < QUOTA; i++) {
      input(topics.prompts("chat")).pipeInput("c" + i, prompt("chat").getBytes(UTF_8), START);
    }
    heartbeat("tales", 0, "mini-1", 8, 0);

    publish("p1", prompt("tales"));

    assertThat(router.gates().get(topics.prompts("chat")).isOpen()).isFalse();
    assertThat(router.gates().get(topics.prompts()).isOpen()).isTrue();
    assertThat(work("tales").readValue().prompt().id()).isEqualTo("p1");
  }

  @Test
  void shouldShutBothGatesWhileWaitingPromptsAreLarge() {
    String large = "{\"model\":\"tales\",\"prompt\":\"%s\"}".formatted("x".repeat(900));

    for (int i = 0; i < 5; i++) {
      publish("p" + i, large);
    }

    assertThat(router.gates().values()).noneMatch(Gate::isOpen);
  }

  @Test
  void shouldCountWhatItDoes() {
    heartbeat("tales", 0, "mini-1", 1, 0);

    publish("p1", prompt("tales"));
    publish("p2", prompt("tales"));
    publish("p3", "{}");

    assertThat(registry.counter("millrace.prompts.accepted").count()).isEqualTo(2);
    assertThat(registry.counter("millrace.prompts.routed", "model", "tales").count()).isOne();
    assertThat(
            registry
                .counter(
                    "millrace.prompts.refused", "code", ErrorCode.MISSING_REQUIRED_PARAMETER.code())
                .count())
        .isOne();
    assertThat(registry.get("millrace.prompts.waiting").tag("urgent", "false").gauge().value())
        .isOne();
  }

  private TopologyTestDriver start(Optional<String> defaultModel) {
    router =
        new RouterTopology(
            topics,
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
    return new TopologyTestDriver(router.topology(), config, START);
  }

  private static String prompt(String model) {
    return "{\"model\":\"%s\",\"prompt\":\"Once\"}".formatted(model);
  }

  private void publish(String id, String value) {
    input(topics.prompts()).pipeInput(id, value == null ? null : value.getBytes(UTF_8), START);
  }

  private TestInputTopic<String, byte[]> input(String topic) {
    return driver.createInputTopic(topic, new StringSerializer(), new ByteArraySerializer());
  }

  private void heartbeat(String model, int lane, String worker, int freeSlots, long admitted) {
    WorkerStatus status = Heartbeats.of(model, lane, worker, freeSlots, admitted);
    input(topics.workers()).pipeInput(status.key(), status.toJson());
  }

  private void cancel(String id) {
    input(topics.control()).pipeInput(id, "{\"action\":\"cancel\"}".getBytes(UTF_8), START);
  }

  private TestRecord<String, byte[]> answers(String topic) {
    return driver
        .createOutputTopic(topic, new StringDeserializer(), new ByteArrayDeserializer())
        .readRecord();
  }

  /** Lets the punctuator run once. */
  private void tick() {
    driver.advanceWallClockTime(Duration.ofMillis(25));
  }

  /** Prompts in the waiting store. */
  private long store() {
    long count = 0;
    try (var entries = driver.getKeyValueStore(WaitingPrompts.STORE).all()) {
      while (entries.hasNext()) {
        entries.next();
        count++;
      }
    }
    return count;
  }

  private TestOutputTopic<String, Work> work(String model) {
    return driver.createOutputTopic(
        topics.work(model), new StringDeserializer(), (topic, value) -> Work.fromJson(value));
  }

  private TestOutputTopic<String, Completion> completions() {
    return driver.createOutputTopic(
        topics.completions(),
        new StringDeserializer(),
        (topic, value) -> Completion.fromJson(value));
  }

  private TestOutputTopic<String, Chunk> chunks() {
    return driver.createOutputTopic(
        topics.chunks(), new StringDeserializer(), (topic, value) -> Chunk.fromJson(value));
  }

  private TestOutputTopic<String, byte[]> deadLetters() {
    return driver.createOutputTopic(
        topics.deadLetters(), new StringDeserializer(), new ByteArrayDeserializer());
  }

  private static String header(TestRecord<?, ?> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }
}
