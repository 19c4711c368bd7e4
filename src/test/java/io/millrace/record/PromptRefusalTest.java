package io.millrace.record;

import static io.millrace.record.QuotedPrompts.ORIGIN;
import static io.millrace.record.QuotedPrompts.invalid;
import static io.millrace.record.QuotedPrompts.json;
import static io.millrace.record.QuotedPrompts.message;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.millrace.record.ParsedPrompt.Invalid;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no prompt, and what its sender is told. */
class PromptRefusalTest {
  private static final int MAX_BYTES = 4096;

  private final PromptParser parser = new PromptParser(MAX_BYTES);

  @Test
  void shouldRefuseKeyThatDiffersFromId() {
    ParsedPrompt parsed =
        parser.parse("b".getBytes(UTF_8), json("{'id': 'a', 'prompt': 'Once'}"), ORIGIN);

    assertThat(parsed)
        .asInstanceOf(type(Invalid.class))
        .satisfies(invalid -> {
          assertThat(invalid.id()).isEqualTo("a");
          assertThat(invalid.error().message()).contains("\"a\"").contains("\"b\"");
          assertThat(invalid.error().param()).contains("id");
          assertThat(invalid.unreadable()).isFalse();
        });
  }

  @ParameterizedTest
  @MethodSource("impossibleKeys")
  void shouldRefuseKeyThatCannotBeAnId(byte[] key) {
    ParsedPrompt parsed = parser.parse(key, json("{'prompt': 'Once'}"), ORIGIN);

    assertThat(parsed)
        .asInstanceOf(type(Invalid.class))
        .satisfies(invalid -> {
          assertThat(invalid.id()).isEqualTo("prompts-2-41");
          assertThat(invalid.error().param()).contains("id");
        });
  }

  static Stream<byte[]> impossibleKeys() {
    return Stream.of(
        new byte[] {(byte) 0xff},
        "line\nend".getBytes(UTF_8),
        "\u001b[2J".getBytes(UTF_8),
        "k".repeat(257).getBytes(UTF_8));
  }

  @ParameterizedTest
  @MethodSource("unreadable")
  void shouldCallUnreadable(byte[] value, String reason) {
    ParsedPrompt parsed = parser.parse("k".getBytes(UTF_8), value, ORIGIN);

    assertThat(parsed)
        .asInstanceOf(type(Invalid.class))
        .satisfies(invalid -> {
          assertThat(invalid.id()).isEqualTo("k");
          assertThat(invalid.unreadable()).isTrue();
          assertThat(invalid.stream()).isTrue();
          assertThat(invalid.error().type()).isEqualTo("invalid_request_error");
          assertThat(invalid.error().message()).contains(reason).hasSizeLessThan(400);
        });
  }

  static Stream<Arguments> unreadable() {
    return Stream.of(
        unreadable(null, "null"),
        unreadable(new byte[0], "empty"),
        unreadable(json("Once upon a time"), "not valid JSON"),
        unreadable(json("['prompt']"), "an array"),
        unreadable(json("'Once'"), "\"Once\""),
        unreadable(json("null"), "null"),
        unreadable(json("{'prompt': 'Once'"), "not valid JSON"),
        unreadable(json("{'prompt': 'Once'} {}"), "not valid JSON"),
        unreadable(json("{'prompt': 'Once', 'temperature': NaN}"), "NaN"),
        unreadable(json("{'prompt': 'Once', 'temperature': -Infinity}"), "not valid JSON"),
        unreadable(json("{'prompt': 'Once', 'prompt': 'Twice'}"), "prompt"),
        unreadable(json("{'prompt': 'Once', 'metadata': {'a': '1', 'a': '2'}}"), "Duplicate"),
        unreadable(json("{'prompt': 'Once', 'metadata': {'\\ud800': '1'}}"), "surrogate"),
        unreadable(json("{'prompt': 'Once', 'metadata': {'\\udc00': '1'}}"), "surrogate"),
        unreadable(json("{'prompt': 'Once', 'seed': " + "9".repeat(2000) + "}"), "Number"),
        unreadable(json("[".repeat(1000)), "depth"),
        unreadable(json("\ufeff{'prompt': 'Once'}"), "not valid JSON"),
        unreadable("{\"prompt\": \"Once \t\"}".getBytes(UTF_8), "not valid JSON"),
        unreadable(
            "{\"prompt\": \"é\"}".getBytes(StandardCharsets.ISO_8859_1), "0xe9 at offset 12"),
        unreadable(bytes(0xc0, 0xaf), "UTF-8"), // an overlong slash
        unreadable(bytes(0xed, 0xa0, 0x80), "UTF-8"), // half a surrogate pair
        unreadable(bytes(0xf4, 0x90, 0x80, 0x80), "UTF-8"), // beyond the last code point
        unreadable(bytes(0xe2, 0x82), "UTF-8"), // cut short
        unreadable(json("{'prompt': '" + "a".repeat(MAX_BYTES) + "'}"), "prompt.max-bytes"));
  }

  private static Arguments unreadable(byte[] value, String reason) {
    return Arguments.of(value, reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}                                                | prompt      | missing_required_parameter",
        "{'prompt': null}                                  | prompt      | missing_required_parameter",
        "{'prompt': ''}                                    | prompt      | invalid_value",
        "{'prompt': ['Once']}                              | prompt      | invalid_type",
        "{'prompt': 7}                                     | prompt      | invalid_type",
        "{'prompt': '\\ud800'}                             | prompt      | invalid_value",
        "{'prompt': 'a\\udc00b'}                           | prompt      | invalid_value",
        "{'messages': []}                                  | messages    | invalid_value",
        "{'messages': 'Hi'}                                | messages    | invalid_type",
        "{'messages': [1]}                                 | messages    | invalid_type",
        "{'messages': [{}]}                                | messages    | missing_required_parameter",
        "{'messages': [{'role': 1}]}                       | role        | invalid_type",
        "{'messages': [{'role': ''}]}                      | messages    | invalid_value",
        "{'messages': [{'role': 'user', 'text': 'Hi'}]}    | messages    | unknown_parameter",
        "{'messages': [{'role': 'user', 'content': 1}]}    | content     | invalid_type",
        "{'messages': [{'role': 'user', 'content': [{'type': 'image_url'}]}]} | messages | invalid_value",
        "{'prompt': 'Once', 'messages': [{'role': 'user'}]} | messages    | invalid_value",
        "{'prompt': 'Once', 'tools': []}                   | tools       | invalid_value",
        "{'messages': [{'role': 'user'}], 'tools': {}}     | tools       | invalid_type",
        "{'messages': [{'role': 'user'}], 'chat_template_kwargs': 1} | chat_template_kwargs | invalid_type",
        "{'prompt': 'Once', 'best_of': 2}                  | best_of     | unknown_parameter",
        "{'prompt': 'Once', 'best_of': null}               | best_of     | unknown_parameter",
        "{'prompt': 'Once', 'Prompt': 'x'}                 | Prompt      | unknown_parameter",
        "{'prompt': 'Once', 'id': 7}                       | id          | invalid_type",
        "{'prompt': 'Once', 'id': ''}                      | id          | invalid_value",
        "{'prompt': 'Once', 'id': 'a\\nb'}                 | id          | invalid_value",
        "{'prompt': 'Once', 'model': 3}                    | model       | invalid_type",
        "{'prompt': 'Once', 'model': ''}                   | model       | invalid_value",
        "{'prompt': 'Once', 'max_tokens': 0}               | max_tokens  | invalid_value",
        "{'prompt': 'Once', 'max_tokens': -5}              | max_tokens  | invalid_value",
        "{'prompt': 'Once', 'max_tokens': 2147483648}      | max_tokens  | invalid_value",
        "{'prompt': 'Once', 'max_tokens': 1e30}            | max_tokens  | invalid_type",
        "{'prompt': 'Once', 'max_tokens': 7.5}             | max_tokens  | invalid_type",
        "{'prompt': 'Once', 'max_tokens': '7'}             | max_tokens  | invalid_type",
        "{'prompt': 'Once', 'max_tokens': true}            | max_tokens  | invalid_type",
        "{'prompt': 'Once', 'temperature': -0.1}           | temperature | invalid_value",
        "{'prompt': 'Once', 'temperature': 2.1}            | temperature | invalid_value",
        "{'prompt': 'Once', 'temperature': 1e999}          | temperature | invalid_value",
        "{'prompt': 'Once', 'temperature': 'NaN'}          | temperature | invalid_type",
        "{'prompt': 'Once', 'top_p': 0}                    | top_p       | invalid_value",
        "{'prompt': 'Once', 'top_p': 1.5}                  | top_p       | invalid_value",
        "{'prompt': 'Once', 'top_k': -2}                   | top_k       | invalid_value",
        "{'prompt': 'Once', 'min_p': 1.01}                 | min_p       | invalid_value",
        "{'prompt': 'Once', 'seed': 9223372036854775808}   | seed        | invalid_value",
        "{'prompt': 'Once', 'seed': 1.0}                   | seed        | invalid_type",
        "{'prompt': 'Once', 'stop': ''}                    | stop        | invalid_value",
        "{'prompt': 'Once', 'stop': ['.', '']}             | stop        | invalid_value",
        "{'prompt': 'Once', 'stop': [null]}                | stop        | invalid_type",
        "{'prompt': 'Once', 'stop': {}}                    | stop        | invalid_type",
        "{'prompt': 'Once', 'stream': 'yes'}               | stream      | invalid_type",
        "{'prompt': 'Once', 'stream': 1}                   | stream      | invalid_type",
        "{'prompt': 'Once', 'priority': 0.5}               | priority    | invalid_type",
        "{'prompt': 'Once', 'priority': 2147483648}        | priority    | invalid_value",
        "{'prompt': 'Once', 'deadline': -1}                | deadline    | invalid_value",
        "{'prompt': 'Once', 'deadline': '2030-01-01'}      | deadline    | invalid_type",
        "{'prompt': 'Once', 'timeout_ms': 0}               | timeout_ms  | invalid_value",
        "{'prompt': 'Once', 'metadata': []}                | metadata    | invalid_type",
        "{'prompt': 'Once', 'metadata': {'a': 1}}          | metadata    | invalid_type",
        "{'prompt': 'Once', 'metadata': {'': 'x'}}         | metadata    | invalid_value"
      })
  void shouldNameTheFieldAtFault(String value, String param, String code) {
    Invalid invalid = invalid(value);

    assertThat(invalid.error().param()).as(invalid.error().message()).contains(param);
    assertThat(invalid.error().code()).isEqualTo(code);
    assertThat(invalid.error().type()).isEqualTo("invalid_request_error");
    assertThat(invalid.error().message()).contains(param);
    assertThat(invalid.unreadable()).isFalse();
  }

  @Test
  void shouldSayWhatWasFoundAndWhatWasExpected() {
    assertThat(message("{'prompt': 'Once', 'temperature': 3.5}"))
        .isEqualTo("temperature is 3.5, expected a number from 0 to 2");
    assertThat(message("{'prompt': 'Once', 'max_tokens': 0}"))
        .isEqualTo("max_tokens is 0, expected an integer of at least 1");
    assertThat(message("{'prompt': 'Once', 'max_tokens': 'ten'}"))
        .isEqualTo("max_tokens is \"ten\", expected an integer");
    assertThat(message("{'prompt': 'Once', 'top_p': 0}"))
        .isEqualTo("top_p is 0, expected a number above 0, up to 1");
    assertThat(message("{'prompt': 'Once', 'best_of': 2}"))
        .isEqualTo("\"best_of\" is not a field of a prompt");
    assertThat(message("{'prompt': 'Once', 'logit_bias': {'the': 1}}"))
        .isEqualTo(
            "logit_bias is an object with the name \"the\", expected names that are token ids, in"
                + " decimal digits");
    assertThat(message("{'prompt': 'Once', 'max_tokens': 3, 'min_tokens': 4}"))
        .isEqualTo("min_tokens is 4, expected at most max_tokens, which is 3");
    assertThat(message("{'max_tokens': 1}")).isEqualTo("prompt is missing");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\u001b[31m", "a\\nb"})
  void shouldMakeUnknownNamesHarmless(String name) {
    Invalid invalid = invalid("{'prompt': 'Once', '%s%s': 1}".formatted(name, "x".repeat(500)));

    Completion completion =
        Completion.refused(invalid.id(), 0, invalid.model(), invalid.error(), invalid.metadata());

    assertThat(completion.toJson()).hasSizeLessThan(600);
    assertThat(invalid.error().message()).doesNotContainPattern("\\p{Cc}|\\p{Cs}");
  }

  @Test
  void shouldKeepWhatTheAnswerNeeds() {
    Invalid invalid =
        invalid(
            "{'id': 'a', 'model': 'm', 'stream': false, 'metadata': {'k': 'v'}, 'top_p': 7,"
                + " 'prompt': 'Once'}");

    assertThat(invalid)
        .isEqualTo(
            new Invalid("a", invalid.error(), false, Optional.of("m"), false, Map.of("k", "v")));
  }

  @Test
  void shouldAnswerUnderTheKeyWhenTheIdIsInvalid() {
    ParsedPrompt parsed =
        parser.parse("k".getBytes(UTF_8), json("{'id': 7, 'prompt': 'Once'}"), ORIGIN);

    assertThat(parsed.id()).isEqualTo("k");
  }

  /** A prompt around these bytes. */
  private static byte[] bytes(int... bytes) {
    byte[] value = "{\"prompt\": \"____\"}".getBytes(UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      value[12 + i] = (byte) bytes[i];
    }
    return value;
  }
}
