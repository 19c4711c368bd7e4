package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * A part of a completion, on {@code chunks}. The texts of a choice's chunks, joined in order, are
 * the completion's text.
 *
 * @param id the prompt's
 * @param choice index of the choice, from 0
 * @param index 0, 1, 2… without gaps in each choice
 * @param text may be empty; whole characters only
 * @param tokens sampled token ids
 * @param logprobs of the tokens, if the prompt asks for them
 * @param finishReason present on the last chunk of a choice only: {@code stop}, {@code length} or
 *     {@code error}
 */
public record Chunk(
    String id,
    int choice,
    int index,
    String text,
    List<Integer> tokens,
    Optional<Logprobs> logprobs,
    Optional<String> finishReason) {
  /** Ends the chunks of a prompt whose completion holds an error. */
  public static final String ERROR = "error";

  public Chunk {
    requireNonNull(id, "id is null");
    requireNonNull(text, "text is null");
    requireNonNull(logprobs, "logprobs is null");
    requireNonNull(finishReason, "finishReason is null");
    tokens = List.copyOf(tokens);
  }

  /** Without log-probabilities. */
  public Chunk(
      String id,
      int choice,
      int index,
      String text,
      List<Integer> tokens,
      Optional<String> finishReason) {
    this(id, choice, index, text, tokens, Optional.empty(), finishReason);
  }

  /**
   * Reads a record's value.
   *
   * @throws MalformedRecordException when it holds no chunk
   */
  public static Chunk fromJson(byte[] value) {
    Fields fields = Json.read(value);
    return new Chunk(
        fields.requiredText("id"),
        fields.requiredInt("choice", 0, Integer.MAX_VALUE),
        fields.requiredInt("index", 0, Integer.MAX_VALUE),
        fields.requiredText("text"),
        fields.integers("tokens", 0, Integer.MAX_VALUE).orElse(List.of()),
        fields.object("logprobs").map(Logprobs::read),
        fields.text("finish_reason"));
  }

  /** The record's value. */
  public byte[] toJson() {
    return Json.write(json -> {
      json.writeStringField("id", id);
      json.writeNumberField("choice", choice);
      json.writeNumberField("index", index);
      json.writeStringField("text", text);
      json.writeArrayFieldStart("tokens");
      for (int token : tokens) {
        json.writeNumber(token);
      }
      json.writeEndArray();
      if (logprobs.isPresent()) {
        logprobs.get().write(json);
      }
      json.writeStringField("finish_reason", finishReason.orElse(null));
    });
  }
}
