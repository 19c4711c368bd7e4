package io.millrace.record;

import static io.millrace.record.Fields.invalid;
import static io.millrace.record.Fields.missing;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/** A prompt's fields as JSON, with OpenAI's names; ranges are those of OpenAI and vLLM. */
final class PromptJson {
  /** Every field of the contract. */
  static final Set<String> NAMES =
      Set.of(
          "id",
          "model",
          "prompt",
          "messages",
          "max_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "seed",
          "stop",
          "stream",
          "priority",
          "deadline",
          "timeout_ms",
          "metadata");

  private static final int MAX_MODEL_LENGTH = 256;
  private static final int MAX_STOPS = 16;
  private static final int MAX_STOP_LENGTH = 256;
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
    PromptBuilder prompt = Prompt.of(id, prompt(fields));
    model(fields).ifPresent(prompt::model);
    fields.integer("max_tokens", 1, Integer.MAX_VALUE).ifPresent(n -> prompt.maxTokens((int) n));
    fields.number("temperature", 0, 2).ifPresent(prompt::temperature);
    topP(fields).ifPresent(prompt::topP);
    // vLLM's -1 keeps all tokens, as 0 does.
    fields
        .integer("top_k", -1, Integer.MAX_VALUE)
        .ifPresent(n -> prompt.topK((int) Math.max(n, 0)));
    fields.number("min_p", 0, 1).ifPresent(prompt::minP);
    fields.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE).ifPresent(prompt::seed);
    prompt.stop(stop(fields));
    prompt.stream(stream(fields));
    fields
        .integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE)
        .ifPresent(n -> prompt.priority((int) n));
    deadline(fields, timestamp).ifPresent(prompt::deadline);
    prompt.metadata(metadata(fields));
    return prompt.build();
  }

  static void write(Prompt prompt, JsonGenerator json) throws IOException {
    json.writeStringField("id", prompt.id());
    if (prompt.model().isPresent()) {
      json.writeStringField("model", prompt.model().get());
    }
    json.writeStringField("prompt", prompt.prompt());
    json.writeNumberField("max_tokens", prompt.maxTokens());
    json.writeNumberField("temperature", prompt.temperature());
    json.writeNumberField("top_p", prompt.topP());
    json.writeNumberField("top_k", prompt.topK());
    json.writeNumberField("min_p", prompt.minP());
    if (prompt.seed().isPresent()) {
      json.writeNumberField("seed", prompt.seed().getAsLong());
    }
    json.writeArrayFieldStart("stop");
    for (String text : prompt.stop()) {
      json.writeString(text);
    }
    json.writeEndArray();
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

  private static String prompt(Fields fields) {
    Optional<String> prompt = fields.text("prompt");
    if (fields.has("messages")) {
      throw new MalformedRecordException(
          prompt.isPresent()
              ? ErrorCode.INVALID_VALUE.error(
                  "prompt and messages are both set, expected one of them", "messages")
              : ErrorCode.UNSUPPORTED_PARAMETER.error(
                  "messages is not supported by this version; send the text as prompt",
                  "messages"));
    }
    String text = prompt.orElseThrow(() -> missing("prompt"));
    if (text.isEmpty()) {
      throw invalid("prompt", "empty", "at least one character");
    }
    return text;
  }

  private static OptionalDouble topP(Fields fields) {
    OptionalDouble topP = fields.number("top_p", 0, 1);
    if (topP.isPresent() && topP.getAsDouble() == 0) {
      throw invalid("top_p", "0", "a number above 0, up to 1");
    }
    return topP;
  }

  private static List<String> stop(Fields fields) {
    List<String> stop = fields.texts("stop").orElse(List.of());
    if (stop.size() > MAX_STOPS) {
      throw invalid("stop", stop.size() + " texts long", "at most %d".formatted(MAX_STOPS));
    }
    stop.forEach(text -> checkLength("stop", text, 1, MAX_STOP_LENGTH));
    return stop;
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

  private static void checkLength(String name, String text, int min, int max) {
    int length = text.codePointCount(0, text.length());
    if (length < min || length > max) {
      throw invalid(
          name,
          "%s (%d characters)".formatted(Printable.quote(text), length),
          "%d to %d characters".formatted(min, max));
    }
  }
}
