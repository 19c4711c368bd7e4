package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a client asks for, with defaults filled in.
 *
 * @param id the JSON's {@code id}, else the record's key, else {@code <topic>-<partition>-<offset>}
 * @param model name of a model; empty for the router's default
 * @param prompt text of the prompt, not empty; or a conversation, as JSON with {@code messages}
 * @param chat whether {@code prompt} is a conversation
 * @param maxTokens most tokens to generate, at least 1
 * @param sampling how tokens are chosen
 * @param seed empty: the router draws one
 * @param stop what ends the completion early
 * @param output what the completion holds
 * @param stream whether chunks are written
 * @param priority lower first
 * @param deadline epoch milliseconds; {@code timeout_ms} has been added to the record's timestamp
 * @param metadata the client's own, returned with the completion
 */
public record Prompt(
    String id,
    Optional<String> model,
    String prompt,
    boolean chat,
    int maxTokens,
    SamplingOptions sampling,
    OptionalLong seed,
    StopOptions stop,
    OutputOptions output,
    boolean stream,
    int priority,
    OptionalLong deadline,
    Map<String, String> metadata) {

  public static final int DEFAULT_MAX_TOKENS = 256;

  public Prompt {
    requireNonNull(id, "id is null");
    requireNonNull(model, "model is null");
    requireNonNull(prompt, "prompt is null");
    requireNonNull(sampling, "sampling is null");
    requireNonNull(seed, "seed is null");
    requireNonNull(stop, "stop is null");
    requireNonNull(output, "output is null");
    requireNonNull(deadline, "deadline is null");
    metadata = Map.copyOf(metadata);
  }

  /** A prompt of this text with every default, to be changed by the builder. */
  public static PromptBuilder of(String id, String text) {
    return new PromptBuilder(id, text, false);
  }

  /**
   * A conversation with every default, to be changed by the builder.
   *
   * @param json an object with {@code messages}, and optionally {@code tools} and {@code
   *     chat_template_kwargs}
   */
  public static PromptBuilder chat(String id, String json) {
    return new PromptBuilder(id, json, true);
  }

  /** The same with its model and its seed decided. */
  Prompt decided(String decidedModel, long decidedSeed) {
    return new Prompt(
        id,
        Optional.of(decidedModel),
        prompt,
        chat,
        maxTokens,
        sampling,
        OptionalLong.of(decidedSeed),
        stop,
        output,
        stream,
        priority,
        deadline,
        metadata);
  }

  /** The record's value on {@code prompts}. */
  public byte[] toJson() {
    return Json.write(json -> PromptJson.write(this, json));
  }
}
