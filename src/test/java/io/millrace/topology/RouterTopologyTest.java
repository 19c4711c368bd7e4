package io.millrace.topology;

import static io.millrace.topology.RouterDriver.DEDUP;
import static io.millrace.topology.RouterDriver.START;
import static io.millrace.topology.RouterDriver.TOPICS;
import static io.millrace.topology.RouterDriver.prompt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Completion;
import io.millrace.record.ErrorCode;
import io.millrace.record.Work;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouterTopologyTest {
  private RouterDriver router = RouterDriver.start(Optional.empty());

  @AfterEach
  void stop() {
    router.close();
  }

  @Test
  void shouldSendPromptToLiveWorker() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);

    router.publish("p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"seed\":7,\"max_tokens\":3}");

    Work work = router.work("tales").readValue();
    assertThat(work.prompt().id()).isEqualTo("p1");
    assertThat(work.prompt().prompt()).isEqualTo("Once");
    assertThat(work.prompt().maxTokens()).isEqualTo(3);
    assertThat(work.prompt().seed()).isEqualTo(OptionalLong.of(7));
    assertThat(work.acceptedAt()).isEqualTo(START.toEpochMilli());
    assertThat(router.completions().isEmpty()).isTrue();
    assertThat(router.chunks().isEmpty()).isTrue();
  }

  @Test
  void shouldCarryHeadersToWorker() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    TestRecord<String, byte[]> record =
        new TestRecord<>("p1", "{\"prompt\":\"Once\"}".getBytes(UTF_8), START);
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));

    router.input(TOPICS.prompts()).pipeInput(record);

    assertThat(router.work("tales").readRecord().headers().lastHeader("traceparent").value())
        .asString()
        .isEqualTo("00-1-2-01");
  }

  @Test
  void shouldDrawSeedWhenPromptBringsNone() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);

    router.publish("p1", prompt("tales"));
    router.publish("p2", prompt("tales"));

    List<Work> sent = router.work("tales").readValuesToList();
    assertThat(sent)
        .extracting(work -> work.prompt().seed().orElseThrow())
        .doesNotHaveDuplicates()
        .allSatisfy(seed -> assertThat(seed).isBetween(0L, 1L << 53));
  }

  @Test
  void shouldTakeTheOnlyKnownModelWhenPromptNamesNone() {
    router.publish("p1", "{\"prompt\":\"Once\"}");

    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();

    assertThat(router.work("tales").readValue().prompt().model()).contains("tales");
  }

  @Test
  void shouldTakeTheDefaultModelWhenPromptNamesNone() {
    router.close();
    router = RouterDriver.start(Optional.of("poems"));
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.heartbeat("poems", 0, "mini-2", 8, 0);

    router.publish("p1", "{\"prompt\":\"Once\"}");

    assertThat(router.work("poems").readValue().prompt().model()).contains("poems");
  }

  @Test
  void shouldAskForModelWhenThereAreSeveralAndNoDefault() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.heartbeat("poems", 0, "mini-2", 8, 0);

    router.publish("p1", "{\"prompt\":\"Once\"}");

    Completion completion = router.completions().readValue();
    assertThat(completion.error().orElseThrow().code()).isEqualTo("missing_required_parameter");
    assertThat(completion.error().orElseThrow().message()).contains("poems, tales");
  }

  @Test
  void shouldSendNoMoreThanFreeSlots() {
    router.heartbeat("tales", 0, "mini-1", 2, 0);

    for (int i = 0; i < 5; i++) {
      router.publish("p" + i, prompt("tales"));
    }
    router.tick();

    assertThat(router.work("tales").readValuesToList()).hasSize(2);
    assertThat(router.waiting()).isEqualTo(3);
  }

  @Test
  void shouldSendByUrgencyThenPriorityThenArrival() {
    router.publish("first", prompt("tales"));
    router.publish("low", "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":5}");
    router.publish("second", prompt("tales"));
    router.publish("high", "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":-5}");
    router
        .input(TOPICS.urgentPrompts())
        .pipeInput(
            "urgent",
            "{\"model\":\"tales\",\"prompt\":\"Once\",\"priority\":9}".getBytes(UTF_8),
            START);

    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();

    assertThat(router.work("tales").readValuesToList())
        .extracting(work -> work.prompt().id())
        .containsExactly("urgent", "high", "first", "second", "low");
  }

  @Test
  void shouldNotLetABusyModelHoldUpAnother() {
    router.heartbeat("tales", 0, "mini-1", 0, 0);
    router.heartbeat("poems", 0, "mini-2", 8, 0);

    router.publish("p1", prompt("tales"));
    router.publish("p2", prompt("poems"));

    assertThat(router.work("poems").readValue().prompt().id()).isEqualTo("p2");
    assertThat(router.work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldSendPromptsWithOneIdOnce() {
    router.publish("p1", prompt("tales"));
    router.publish("p1", prompt("tales"));
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();
    router.publish("p1", "{\"model\":\"tales\",\"prompt\":\"Another\"}");
    router.publish("p1", "{\"model\":\"tales\",\"colour\":\"red\"}");
    router.input(TOPICS.urgentPrompts()).pipeInput("p1", prompt("tales").getBytes(UTF_8), START);
    router.pass(DEDUP.minusSeconds(1));
    router.heartbeat("tales", 0, "mini-1", 8, 1);
    router.publish("p1", prompt("tales"));

    assertThat(router.work("tales").readValuesToList()).hasSize(1);
    assertThat(router.completions().isEmpty()).isTrue();
    assertThat(router.registry().counter("millrace.prompts.duplicates").count()).isEqualTo(5);
  }

  @Test
  void shouldSendALaterPromptWithTheSameIdToTheLaneThatKnowsTheFirst() {
    router.heartbeat("tales", 3, "mini-1", 8, 0);
    router.publish("p1", prompt("tales"));
    router.pass(DEDUP.plusSeconds(1));
    router.heartbeat("tales", 1, "mini-2", 8, 0);

    router.publish("p1", prompt("tales"));
    long elsewhere = router.work("tales").readRecordsToList().size();
    router.heartbeat("tales", 3, "mini-3", 8, 0);
    router.tick();

    assertThat(elsewhere).isEqualTo(1);
    assertThat(router.work("tales").readRecordsToList()).hasSize(1);
  }

  @Test
  void shouldTakeAPromptThatWasRefusedBefore() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);

    router.publish("p1", "{\"model\":\"tales\",\"colour\":\"red\"}");
    router.publish("p1", prompt("tales"));

    assertThat(router.work("tales").readValuesToList()).hasSize(1);
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
    router.input(TOPICS.workers()).pipeInput(key, value.getBytes(UTF_8));

    router.publish("p1", prompt("tales"));
    router.tick();

    assertThat(router.waiting()).isEqualTo(1);
    assertThat(router.completions().isEmpty()).isTrue();
  }

  @Test
  void shouldCountWhatItDoes() {
    router.heartbeat("tales", 0, "mini-1", 1, 0);

    router.publish("p1", prompt("tales"));
    router.publish("p2", prompt("tales"));
    router.publish("p3", "{}");

    assertThat(router.registry().counter("millrace.prompts.accepted").count()).isEqualTo(2);
    assertThat(router.registry().counter("millrace.prompts.routed", "model", "tales").count())
        .isOne();
    assertThat(
            router
                .registry()
                .counter(
                    "millrace.prompts.refused", "code", ErrorCode.MISSING_REQUIRED_PARAMETER.code())
                .count())
        .isOne();
    assertThat(
            router
                .registry()
                .get("millrace.prompts.waiting")
                .tag("urgent", "false")
                .gauge()
                .value())
        .isOne();
  }
}
