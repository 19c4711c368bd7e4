package io.millrace.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.ParsedPrompt.Invalid;
import io.millrace.record.ParsedPrompt.Valid;

/** Prompts as tests write them: JSON with single quotation marks is easier to read. */
final class QuotedPrompts {
  static final Origin ORIGIN = new Origin("prompts", 2, 41, 1_700_000_000_000L);

  private QuotedPrompts() {}

  static byte[] json(String text) {
    return text.replace('\'', '"').getBytes(UTF_8);
  }

  static ParsedPrompt parse(byte[] value) {
    return new PromptParser(1 << 20).parse(null, value, ORIGIN);
  }

  static Prompt valid(String json) {
    ParsedPrompt parsed = parse(json(json));
    assertThat(parsed).isInstanceOf(Valid.class);
    return ((Valid) parsed).prompt();
  }

  static Invalid invalid(String json) {
    ParsedPrompt parsed = parse(json(json));
    assertThat(parsed).isInstanceOf(Invalid.class);
    return (Invalid) parsed;
  }

  static String message(String json) {
    return invalid(json).error().message();
  }
}
