package io.millrace.record;

import static io.millrace.record.Fields.invalid;
import static io.millrace.record.Fields.missing;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A prompt's fields as JSON, with OpenAI's names; ranges are those of OpenAI and vLLM. */
final class PromptJson {
  /** Every field of the contract. */
  static final Set<String> NAMES =
      Stream.of(
              SamplingJson.NAMES,
              OutputJson.NAMES,
              Set.of(
                  "id",
                  "model",
                  "prompt",
                  "messages",
                  "tools",
                  "chat_template_kwargs",
                  "max_tokens",
                  "seed",
                  "stream",
                  "priority",
                  "deadline",
                  "timeout_ms",
                  "metadata"))
          .flatMap(Set::stream)
          .collect(Collectors.toUnmodifiableSet());

  private static final int MAX_MODEL_LENGTH = 256;
  private static final int MAX_METADATA = 16;
  private static final int MAX_METADATA_KEY_LENGTH = 64;
  private static final int MAX_METADATA_VALUE_LENGTH = 512;

  private PromptJson() {}

  /**
   * Reads every field but {@code id}.
   *
   * @param timestamp the record's, epoch milliseconds; {@code timeout_ms} counts from it
   */
  static Prompt read(Fields fields, String id, long timestamp) {
    PromptBuilder prompt = prompt(fields, id);
    model(fields).ifPresent(prompt::model);
    fields.integer("max_tokens", 1, Integer.MAX_VALUE).ifPresent(n -> prompt.maxTokens((int) n));
    SamplingJson.read(fields, prompt);
    OutputJson.read(fields, prompt);
    fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE).ifPresent(prompt::seed);
    prompt.stream(stream(fields));
    fields
        .integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE)
        .ifPresent(n -> prompt.priority((int) n));
    deadline(fields, timestamp).ifPresent(prompt::deadline);
    prompt.metadata(metadata(fields));
    return checked(prompt.build());
  }

  private static Prompt checked(Prompt prompt) {
    int least = prompt.stop().minTokens();
    if (least > prompt.maxTokens()) {
      throw invalid(
          "min_tokens",
          Integer.toString(least),
          "at most max_tokens, which is %d".formatted(prompt.maxTokens()));
    }
    return prompt;
  }

  static void write(Prompt prompt, JsonGenerator json) throws IOException {
    json.writeStringField("id", prompt.id());
    if (prompt.model().isPresent()) {
      json.writeStringField("model", prompt.model().get());
    }
    if (prompt.chat()) {
      ChatJson.write(prompt.prompt(), json);
    } else {
      json.writeStringField("prompt", prompt.prompt());
    }
    json.writeNumberField("max_tokens", prompt.maxTokens());
    SamplingJson.write(prompt.sampling(), json);
    if (prompt.seed().isPresent()) {
      json.writeNumberField("seed", prompt.seed().getAsLong());
    }
    SamplingJson.write(prompt.stop(), json);
    OutputJson.write(prompt.output(), json);
    json.writeBooleanField("stream", prompt.stream());
    json.writeNumberField("priority", prompt.priority());
    if (prompt.deadline().isPresent()) {
      json.writeNumberField("deadline", prompt.deadline().getAsLong());
    }
    writeMetadata(prompt.metadata(), json);
  }

  /** In the order of their names: equal metadata give equal bytes. */
  static void writeMetadata(Map<String, String> metadata, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("metadata");
    for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  static Optional<String> model(Fields fields) {
    Optional<String> model = fields.text("model");
    model.ifPresent(name -> checkLength("model", name, 1, MAX_MODEL_LENGTH));
    return model;
  }

  static boolean stream(Fields fields) {
    return fields.flag("stream").orElse(true);
  }

  static Map<String, String> metadata(Fields fields) {
    Map<String, String> metadata = fields.textByName("metadata").orElse(Map.of());
    if (metadata.size() > MAX_METADATA) {
      throw invalid(
          "metadata", metadata.size() + " entries long", "at most %d".formatted(MAX_METADATA));
    }
    metadata.forEach((key, value) -> {
      checkLength("metadata", key, 1, MAX_METADATA_KEY_LENGTH);
      checkLength("metadata", value, 0, MAX_METADATA_VALUE_LENGTH);
    });
    return metadata;
  }

  /** Text, or a conversation. */
  private static PromptBuilder prompt(Fields fields, String id) {
    Optional<String> prompt = fields.text("prompt");
    Optional<String> chat = ChatJson.read(fields);
    if (chat.isPresent()) {
      if (prompt.isPresent()) {
        throw new MalformedRecordException(
            ErrorCode.INVALID_VALUE.error(
                "prompt and messages are both set, expected one of them", "messages"));
      }
      return Prompt.chat(id, chat.get());
    }
    String text = prompt.orElseThrow(() -> missing("prompt"));
    if (text.isEmpty()) {
      throw invalid("prompt", "empty", "at least one character");
    }
    return Prompt.of(id, text);
  }

  /** The earlier of the two when both are set. */
  private static OptionalLong deadline(Fields fields, long timestamp) {
    OptionalLong deadline = fields.integer("deadline", 0, Long.MAX_VALUE);
    OptionalLong timeout = fields.integer("timeout_ms", 1, Long.MAX_VALUE);
    if (timeout.isEmpty()) {
      return deadline;
    }
    long millis = timeout.getAsLong();
    long end = timestamp > Long.MAX_VALUE - millis ? Long.MAX_VALUE : timestamp + millis;
    return OptionalLong.of(Math.clamp(end, 0, deadline.orElse(Long.MAX_VALUE)));
  }

  static void checkLength(String name, String text, int min, int max) {
    int length = text.codePointCount(0, text.length());
    if (length < min || length > max) {
      throw invalid(
          name,
          "%s (%d characters)".formatted(Printable.quote(text), length),
          "%d to %d characters".formatted(min, max));
    }
  }
}
