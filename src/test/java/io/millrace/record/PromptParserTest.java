package io.millrace.record;

import static io.millrace.record.QuotedPrompts.ORIGIN;
import static io.millrace.record.QuotedPrompts.invalid;
import static io.millrace.record.QuotedPrompts.json;
import static io.millrace.record.QuotedPrompts.message;
import static io.millrace.record.QuotedPrompts.parse;
import static io.millrace.record.QuotedPrompts.valid;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.OutputOptions.Format;
import io.millrace.record.ParsedPrompt.Valid;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptParserTest {
  private static final long TIMESTAMP = ORIGIN.timestamp();
  private static final int MAX_BYTES = 4096;

  private final PromptParser parser = new PromptParser(MAX_BYTES);

  @Test
  void shouldFillInDefaults() {
    Prompt prompt = valid("{'id': 'a', 'prompt': 'Once'}");

    assertThat(prompt).isEqualTo(Prompt.of("a", "Once").build());
    assertThat(prompt.maxTokens()).isEqualTo(256);
    assertThat(prompt.sampling().temperature()).isEqualTo(1);
    assertThat(prompt.sampling().topP()).isEqualTo(1);
    assertThat(prompt.stream()).isTrue();
    assertThat(prompt.seed()).isEmpty();
    assertThat(prompt.deadline()).isEmpty();
  }

  @Test
  void shouldReadEveryField() {
    Prompt prompt =
        valid(
            """
            {'id': 'a', 'model': 'llama', 'prompt': 'Once', 'max_tokens': 7, 'temperature': 0.5,
             'top_p': 0.9, 'top_k': 40, 'min_p': 0.05, 'repetition_penalty': 1.1,
             'presence_penalty': -2, 'frequency_penalty': 2, 'logit_bias': {'0': -100, '31999': 0.5},
             'seed': -9223372036854775808, 'stop': ['.', '!'], 'stop_token_ids': [2, 32000],
             'min_tokens': 7, 'ignore_eos': true, 'n': 3, 'logprobs': true, 'top_logprobs': 2,
             'response_format': {'type': 'json_schema', 'json_schema': {'name': 'x', 'strict': true,
                                 'schema': {'type': 'object', 'required': ['b', 'a']}}},
             'stream': false, 'priority': -3, 'deadline': 1800000000000,
             'metadata': {'user': 'ü'}}
            """);

    assertThat(prompt)
        .isEqualTo(
            new Prompt(
                "a",
                Optional.of("llama"),
                "Once",
                false,
                7,
                new SamplingOptions(0.5, 0.9, 40, 0.05, 1.1, -2, 2, Map.of(0, -100.0, 31_999, 0.5)),
                OptionalLong.of(Long.MIN_VALUE),
                new StopOptions(List.of(".", "!"), List.of(2, 32_000), 7, true),
                new OutputOptions(
                    3,
                    OptionalInt.of(2),
                    new Format.JsonSchema("{\"type\":\"object\",\"required\":[\"b\",\"a\"]}")),
                false,
                -3,
                OptionalLong.of(1_800_000_000_000L),
                Map.of("user", "ü")));
  }

  @Test
  void shouldReadWhatItWrites() {
    Prompt prompt =
        Prompt.of("a", "Zeile\n\"zwei\" 🦙\u0000")
            .model("llama")
            .maxTokens(9)
            .temperature(0.1)
            .topP(0.3)
            .topK(5)
            .minP(0.2)
            .repetitionPenalty(1.3)
            .presencePenalty(0.5)
            .frequencyPenalty(-0.5)
            .logitBias(Map.of(7, 100.0, 3, -0.25))
            .seed(42)
            .stop(List.of("\n\n"))
            .stopTokenIds(List.of(5, 2))
            .minTokens(3)
            .ignoreEos(true)
            .n(16)
            .logprobs(20)
            .format(new Format.JsonObject())
            .stream(false)
            .priority(2)
            .deadline(TIMESTAMP)
            .metadata(Map.of("b", "2", "a", "1"))
            .build();

    assertThat(parse(prompt.toJson())).isEqualTo(new Valid(prompt));
  }

  @Test
  void shouldReadConversations() {
    String chat =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"<s> \\n ü\"}],"
            + "\"tools\":[{\"x\":[1,1.5,null,true]}],\"chat_template_kwargs\":{\"y\":{}}}";
    Prompt prompt = Prompt.chat("a", chat).model("m").seed(1).build();

    assertThat(parse(chat.getBytes(UTF_8))).isInstanceOf(Valid.class);
    assertThat(parse(prompt.toJson())).isEqualTo(new Valid(prompt));
    assertThat(Work.fromJson(Work.of(prompt, "m", 1, 2, 3).toJson()).prompt()).isEqualTo(prompt);
  }

  @Test
  void shouldTakeNullForAbsent() {
    String nulls =
        PromptJson.NAMES.stream()
            .filter(name -> !name.equals("prompt"))
            .map(name -> "'%s': null".formatted(name))
            .reduce("'prompt': 'Once'", (left, right) -> left + ", " + right);

    assertThat(valid("{" + nulls + "}")).isEqualTo(Prompt.of("prompts-2-41", "Once").build());
  }

  @Test
  void shouldTakeOneStopText() {
    assertThat(valid("{'prompt': 'Once', 'stop': '.'}").stop().texts()).containsExactly(".");
  }

  @Test
  void shouldTakeLogprobsAsANumberOrAFlag() {
    assertThat(valid("{'prompt': 'Once', 'logprobs': 5}").output().topLogprobs()).hasValue(5);
    assertThat(valid("{'prompt': 'Once', 'logprobs': true}").output().topLogprobs()).hasValue(0);
    assertThat(valid("{'prompt': 'Once', 'logprobs': false}").output().topLogprobs()).isEmpty();
    assertThat(message("{'prompt': 'Once', 'logprobs': 2, 'top_logprobs': 2}"))
        .isEqualTo("top_logprobs is set, expected logprobs to be true beside it");
  }

  @Test
  void shouldTakeMinusOneForAllTokens() {
    assertThat(valid("{'prompt': 'Once', 'top_k': -1}").sampling().topK()).isZero();
  }

  @Test
  void shouldCountTimeoutFromTheRecordsTimestamp() {
    assertThat(valid("{'prompt': 'Once', 'timeout_ms': 500}").deadline()).hasValue(TIMESTAMP + 500);
  }

  @Test
  void shouldTakeTheEarlierOfDeadlineAndTimeout() {
    String both = "{'prompt': 'Once', 'timeout_ms': 500, 'deadline': %d}";

    assertThat(valid(both.formatted(TIMESTAMP + 499)).deadline()).hasValue(TIMESTAMP + 499);
    assertThat(valid(both.formatted(TIMESTAMP + 501)).deadline()).hasValue(TIMESTAMP + 500);
  }

  @Test
  void shouldNotOverflowOnTheLongestTimeout() {
    Prompt prompt = valid("{'prompt': 'Once', 'timeout_ms': %d}".formatted(Long.MAX_VALUE));

    assertThat(prompt.deadline()).hasValue(Long.MAX_VALUE);
  }

  @Test
  void shouldTakeTheIdFromJsonThenKeyThenCoordinates() {
    byte[] named = json("{'id': 'a', 'prompt': 'Once'}");
    byte[] nameless = json("{'prompt': 'Once'}");

    assertThat(parser.parse("a".getBytes(UTF_8), named, ORIGIN).id()).isEqualTo("a");
    assertThat(parser.parse(null, named, ORIGIN).id()).isEqualTo("a");
    assertThat(parser.parse("k".getBytes(UTF_8), nameless, ORIGIN).id()).isEqualTo("k");
    assertThat(parser.parse(null, nameless, ORIGIN).id()).isEqualTo("prompts-2-41");
    assertThat(parser.parse(new byte[0], nameless, ORIGIN).id()).isEqualTo("prompts-2-41");
  }

  @Test
  void shouldTakeAsManyBytesAsAllowed() {
    int frame = json("{'prompt': ''}").length;
    byte[] largest = json("{'prompt': '" + "a".repeat(MAX_BYTES - frame) + "'}");

    assertThat(largest).hasSize(MAX_BYTES);
    assertThat(parse(largest)).isInstanceOf(Valid.class);
  }

  @Test
  void shouldBoundCountsAndLengths() {
    assertThat(valid(stops(16, 256)).stop().texts()).hasSize(16);
    assertThat(invalid(stops(17, 1)).error().param()).contains("stop");
    assertThat(invalid(stops(1, 257)).error().param()).contains("stop");
    assertThat(valid(metadata(16, 10)).metadata()).hasSize(16);
    assertThat(invalid(metadata(17, 10)).error().param()).contains("metadata");
    assertThat(valid(metadata(1, 512)).metadata()).hasSize(1);
    assertThat(invalid(metadata(1, 513)).error().param()).contains("metadata");
    assertThat(invalid("{'prompt': 'Once', 'id': '" + "i".repeat(257) + "'}").error().param())
        .contains("id");
  }

  @Test
  void shouldCountCharactersNotUtf16Units() {
    String llamas = "🦙".repeat(256);

    assertThat(valid("{'prompt': 'Once', 'id': '%s'}".formatted(llamas)).id()).isEqualTo(llamas);
  }

  private static String stops(int count, int length) {
    String stop =
        IntStream.range(0, count).mapToObj(i -> "'" + "s".repeat(length) + "'").toList().toString();
    return "{'prompt': 'Once', 'stop': %s}".formatted(stop);
  }

  private static String metadata(int count, int length) {
    String entries =
        IntStream.range(0, count)
            .mapToObj(i -> "'key%d': '%s'".formatted(i, "v".repeat(length)))
            .toList()
            .toString();
    return "{'prompt': 'Once', 'metadata': {%s}}"
        .formatted(entries.substring(1, entries.length() - 1));
  }
}
