package io.millrace.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.Timings;
import io.millrace.record.Completion.Usage;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecordsTest {
  private static final Prompt PROMPT =
      Prompt.of("a", "Once 🦙").model("m").seed(7).metadata(Map.of("k", "v")).build();

  @Test
  void shouldReadBackWork() {
    Work work = new Work(PROMPT, 1_700_000_000_000L, 1_699_999_999_000L);

    assertThat(Work.fromJson(work.toJson())).isEqualTo(work);
  }

  @Test
  void shouldReadBackChunks() {
    Chunk chunk = new Chunk("a", 0, 3, " 🦙\n", List.of(5, 0, 31_999), Optional.empty());
    Logprobs logprobs =
        new Logprobs(
            List.of("a", "bytes:\\xe2"),
            List.of(-0.5, -9_999.0),
            List.of(Map.of("a", -0.5, "b", -1.0), Map.of()),
            List.of(0, 1));
    Chunk told = new Chunk("a", 0, 4, "a", List.of(1, 2), Optional.of(logprobs), Optional.empty());
    assertThat(Chunk.fromJson(told.toJson())).isEqualTo(told);
    Chunk last = new Chunk("a", 1, 0, "", List.of(), Optional.of(Chunk.ERROR));

    assertThat(Chunk.fromJson(chunk.toJson())).isEqualTo(chunk);
    assertThat(Chunk.fromJson(last.toJson())).isEqualTo(last);
  }

  @Test
  void shouldReadBackCompletions() {
    Completion completion =
        new Completion(
            "a",
            1_700_000_000,
            Optional.of("m"),
            Optional.of("0.1-cpu-1234"),
            List.of(new Choice(0, " upon a time", "stop")),
            Optional.of(new Usage(5, 4, 2)),
            Optional.of("mini-1"),
            Optional.of(new Timings(1.5, 20, 300.25, 250, 13.3)),
            Optional.empty(),
            Map.of("k", "v"));

    assertThat(Completion.fromJson(completion.toJson())).isEqualTo(completion);
  }

  @Test
  void shouldReadBackErrors() {
    for (ErrorCode code : ErrorCode.values()) {
      Completion completion =
          Completion.refused("a", 1, Optional.empty(), code.error("why", "prompt"), Map.of());

      assertThat(Completion.fromJson(completion.toJson())).isEqualTo(completion);
    }
  }

  @Test
  void shouldWriteOpenAisShape() {
    Completion completion =
        new Completion(
            "a",
            7,
            Optional.of("m"),
            Optional.of("f"),
            List.of(new Choice(0, "x", "length")),
            Optional.of(new Usage(5, 4, 2)),
            Optional.of("w"),
            Optional.of(new Timings(1, 2, 3, 4, 5)),
            Optional.empty(),
            Map.of("z", "1", "a", "2"));

    assertThat(new String(completion.toJson(), UTF_8))
        .isEqualTo(
            """
            {'id':'a','object':'text_completion','created':7,'model':'m','system_fingerprint':'f',\
            'choices':[{'index':0,'text':'x','logprobs':null,'finish_reason':'length'}],\
            'usage':{'prompt_tokens':5,'completion_tokens':4,'total_tokens':9,\
            'prompt_tokens_details':{'cached_tokens':2}},'worker':'w',\
            'timings':{'queued_ms':1.0,'prefill_ms':2.0,'decode_ms':3.0,'prompt_tps':4.0,\
            'generation_tps':5.0},'metadata':{'a':'2','z':'1'}}\
            """
                .replace('\'', '"'));
  }

  @Test
  void shouldWriteTheAnswerToAConversationAsAMessage() {
    Completion completion =
        new Completion(
            "a",
            7,
            Optional.empty(),
            Optional.empty(),
            List.of(new Choice(0, "x", Optional.empty(), "stop", true)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of());

    assertThat(new String(completion.toJson(), UTF_8))
        .contains("\"object\":\"chat.completion\"")
        .contains("\"message\":{\"role\":\"assistant\",\"content\":\"x\"}")
        .doesNotContain("\"text\"");
    assertThat(Completion.fromJson(completion.toJson())).isEqualTo(completion);
  }

  @Test
  void shouldReadBackHeartbeats() {
    WorkerStatus status =
        new WorkerStatus("m", 31, "w", 8, 3, 77, 9_000_000_000L, 12.5, 2048, "b", "f", 5, 1000);

    assertThat(WorkerStatus.fromJson(status.toJson())).isEqualTo(status);
    assertThat(status.key()).isEqualTo("m/31");
  }

  @Test
  void shouldIgnoreFieldsOfLaterVersions() {
    Work work = new Work(PROMPT, 1, 1);
    byte[] later =
        new String(work.toJson(), UTF_8)
            .replaceFirst("\\{", "{\"shard\":{\"x\":[1]},")
            .replace("\"prompt\":{", "\"prompt\":{\"grammar\":\"g\",")
            .getBytes(UTF_8);

    assertThat(Work.fromJson(later)).isEqualTo(work);
  }

  @Test
  void shouldRefuseLaterVersions() {
    byte[] later =
        new String(new Work(PROMPT, 1, 1).toJson(), UTF_8)
            .replace("\"version\":1", "\"version\":2")
            .getBytes(UTF_8);

    assertThatExceptionOfType(MalformedRecordException.class)
        .isThrownBy(() -> Work.fromJson(later))
        .withMessageContaining("version is 2, expected at most 1");
  }

  @Test
  void shouldNameWhatIsMissing() {
    assertThatExceptionOfType(MalformedRecordException.class)
        .isThrownBy(() -> Chunk.fromJson("{\"id\": \"a\"}".getBytes(UTF_8)))
        .withMessage("choice is missing")
        .satisfies(e -> assertThat(e.error().param()).contains("choice"));
    assertThatExceptionOfType(MalformedRecordException.class)
        .isThrownBy(() -> Completion.fromJson("{\"id\": \"a\"}".getBytes(UTF_8)))
        .withMessageContaining("choices or error");
  }

  @Test
  void shouldHoldOnlyFiniteNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Timings(0, 0, 0, Double.NaN, 0))
        .withMessageContaining("promptTokensPerSecond is NaN");
  }

  @Test
  void shouldEndEitherInTextOrInAnError() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new Completion(
                "a",
                1,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of()));
  }

  @Test
  void shouldPrefixEveryTopic() {
    Topics topics = new Topics("prod.");

    assertThat(
            List.of(
                topics.prompts(),
                topics.urgentPrompts(),
                topics.work("m"),
                topics.chunks(),
                topics.completions(),
                topics.deadLetters(),
                topics.control(),
                topics.workers()))
        .allSatisfy(name -> assertThat(name).startsWith("prod."));
  }

  @Test
  void shouldRefuseModelNamesThatAreNoTopics() {
    Topics topics = new Topics("");

    for (String model : List.of("", "meta/llama", "läma", "m".repeat(250))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> topics.work(model))
          .withMessageContaining("the model's name is");
    }
  }

  @Test
  void shouldKeepOriginalInDeadLetter() {
    byte[] original = {(byte) 0xff, 1, 2, 3};
    Origin origin = new Origin("prompts", 1, 9, 5);

    DeadLetter letter =
        new DeadLetter(
            "id", new byte[] {7}, original, origin, ErrorCode.INVALID_JSON.error("x"), 3);

    assertThat(letter.id()).isEqualTo("id");
    assertThat(letter.value()).containsExactly(0xff, 1, 2);
    assertThat(letter.headers())
        .containsEntry("millrace.original.key", new byte[] {7})
        .containsEntry("millrace.original.bytes", "4".getBytes(UTF_8))
        .containsEntry("millrace.original.topic", "prompts".getBytes(UTF_8))
        .containsEntry("millrace.error.code", "invalid_json".getBytes(UTF_8));
  }

  @Test
  void shouldMakeDeadLetterOfNothing() {
    Origin origin = new Origin("prompts", 1, 9, 5);

    DeadLetter letter =
        new DeadLetter("id", null, null, origin, ErrorCode.INVALID_JSON.error("x"), 3);

    assertThat(letter.value()).isEmpty();
    assertThat(letter.headers())
        .containsEntry("millrace.original.bytes", "-1".getBytes(UTF_8))
        .doesNotContainKey("millrace.original.key");
  }

  @Test
  void shouldShowTextSafelyOnATerminal() {
    assertThat(Printable.escape("a\n\tb\u001b[2J\u009b \u2028 \ud800 é🦙"))
        .isEqualTo("a\\n\\tb\\u001B[2J\\u009B \\u2028 \\uD800 é🦙");
    assertThat(Printable.quote("🦙".repeat(40))).isEqualTo("\"" + "🦙".repeat(32) + "…\"");
    assertThat(Printable.shorten("a🦙b", 2)).isEqualTo("a…");
  }
}
