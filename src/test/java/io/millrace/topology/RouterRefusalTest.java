package io.millrace.topology;

import static io.millrace.topology.RouterDriver.MAX_BYTES;
import static io.millrace.topology.RouterDriver.START;
import static io.millrace.topology.RouterDriver.TOPICS;
import static io.millrace.topology.RouterDriver.header;
import static io.millrace.topology.RouterDriver.prompt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of records that are no prompts, or none that can be sent. */
class RouterRefusalTest {
  private final RouterDriver router = RouterDriver.start(Optional.empty());

  @AfterEach
  void stop() {
    router.close();
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
    router.heartbeat("tales", 0, "mini-1", 8, 0);

    router.publish("p1", value);

    String id = value != null && value.contains("other") ? "other" : "p1";
    Completion completion = router.completions().readValue();
    assertThat(completion.id()).isEqualTo(id);
    assertThat(completion.choices()).isEmpty();
    assertThat(completion.error().orElseThrow().type()).isEqualTo("invalid_request_error");
    assertThat(completion.error().orElseThrow().code()).isEqualTo(code);
    assertThat(router.chunks().readValue())
        .isEqualTo(new Chunk(id, 0, 0, "", List.of(), Optional.of("error")));
    assertThat(router.completions().isEmpty()).isTrue();
    assertThat(router.chunks().isEmpty()).isTrue();
    assertThat(router.deadLetters().isEmpty()).isEqualTo(!unreadable);
    assertThat(router.work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldAnswerPromptOfInvalidUtf8() {
    byte[] value =
        "{\"prompt\":\"caf\u00e9\"}".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);

    router.input(TOPICS.prompts()).pipeInput("p1", value);

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("invalid_json");
    assertThat(router.deadLetters().readValue()).isEqualTo(value);
  }

  @Test
  void shouldRefusePromptWithLargeHeaders() {
    TestRecord<String, byte[]> record =
        new TestRecord<>("p1", prompt("tales").getBytes(UTF_8), START);
    for (int i = 0; i < 20; i++) {
      record.headers().add("h" + i, new byte[1_000]);
    }

    router.input(TOPICS.prompts()).pipeInput(record);

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("record_too_large");
    assertThat(router.chunks().readValue().finishReason()).contains("error");
    assertThat(router.waiting()).isZero();
  }

  @Test
  void shouldKeepTheStartOfAnOversizedRecordWithItsCoordinates() {
    router.publish("p0", prompt("tales"));
    byte[] value = "x".repeat(MAX_BYTES + 1).getBytes(UTF_8);

    router.input(TOPICS.prompts()).pipeInput("p1", value);

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("record_too_large");
    TestRecord<String, byte[]> letter = router.deadLetters().readRecord();
    assertThat(letter.key()).isEqualTo("p1");
    assertThat(letter.value()).hasSize(MAX_BYTES);
    assertThat(header(letter, "millrace.error.code")).isEqualTo("record_too_large");
    assertThat(header(letter, "millrace.original.topic")).isEqualTo(TOPICS.prompts());
    assertThat(header(letter, "millrace.original.partition")).isEqualTo("0");
    assertThat(header(letter, "millrace.original.offset")).isEqualTo("1");
    assertThat(header(letter, "millrace.original.bytes")).isEqualTo("" + (MAX_BYTES + 1));
  }

  @Test
  void shouldNameAnUnreadableRecordWithoutKeyByItsCoordinates() {
    router.input(TOPICS.prompts()).pipeInput(new TestRecord<>(null, "?".getBytes(UTF_8), START));

    assertThat(router.completions().readValue().id()).isEqualTo(TOPICS.prompts() + "-0-0");
  }

  @Test
  void shouldWriteNoChunkForInvalidPromptThatDoesNotStream() {
    router.publish("p1", "{\"prompt\":\"\",\"stream\":false}");

    assertThat(router.completions().readValue().error()).isPresent();
    assertThat(router.chunks().isEmpty()).isTrue();
  }

  @Test
  void shouldCarryHeadersToTheAnswerAndTheDeadLetter() {
    TestRecord<String, byte[]> record = new TestRecord<>("p1", "Once".getBytes(UTF_8), START);
    record.headers().add("traceparent", "00-1-2-01".getBytes(UTF_8));

    router.input(TOPICS.prompts()).pipeInput(record);

    assertThat(header(router.answers(TOPICS.completions()), "traceparent")).isEqualTo("00-1-2-01");
    assertThat(header(router.answers(TOPICS.chunks()), "traceparent")).isEqualTo("00-1-2-01");
    TestRecord<String, byte[]> letter = router.deadLetters().readRecord();
    assertThat(header(letter, "traceparent")).isEqualTo("00-1-2-01");
    assertThat(header(letter, "millrace.error.code")).isEqualTo("invalid_json");
  }
}
