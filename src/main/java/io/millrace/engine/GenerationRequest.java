package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.OptionalLong;

/**
 * What to generate.
 *
 * @param id for logs and error messages
 * @param prompt text of the prompt, in which special tokens are parsed; or a conversation, as JSON
 *     with {@code messages}, which the model's chat template makes into a prompt
 * @param chatTime of a conversation, the time that the template tells as now, epoch milliseconds;
 *     empty for text
 * @param maxTokens most tokens to generate, at least 1
 * @param sampling how a token is chosen from its logits
 * @param stop what ends the completion early
 * @param priority lower first
 * @param deadline epoch milliseconds after which the request ends as {@link
 *     GenerationError.Kind#DEADLINE_EXCEEDED}
 * @param resumed what an earlier attempt has done already
 */
public record GenerationRequest(
    String id,
    String prompt,
    OptionalLong chatTime,
    int maxTokens,
    Sampling sampling,
    StopConditions stop,
    int priority,
    OptionalLong deadline,
    Progress resumed) {

  public GenerationRequest {
    requireNonNull(id, "id is null");
    requireNonNull(prompt, "prompt is null");
    requireNonNull(chatTime, "chatTime is null");
    requireNonNull(sampling, "sampling is null");
    requireNonNull(deadline, "deadline is null");
    requireNonNull(resumed, "resumed is null");
    requireNonNull(stop, "stop is null");
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "maxTokens is %d, expected at least 1".formatted(maxTokens));
    }
  }

  /** Of text. */
  public GenerationRequest(
      String id,
      String prompt,
      int maxTokens,
      Sampling sampling,
      StopConditions stop,
      int priority,
      OptionalLong deadline,
      Progress resumed) {
    this(id, prompt, OptionalLong.empty(), maxTokens, sampling, stop, priority, deadline, resumed);
  }

  /** Of text, with stop texts only. */
  public GenerationRequest(
      String id,
      String prompt,
      int maxTokens,
      Sampling sampling,
      List<String> stop,
      int priority,
      OptionalLong deadline,
      Progress resumed) {
    this(id, prompt, maxTokens, sampling, StopConditions.texts(stop), priority, deadline, resumed);
  }

  /**
   * Tokens that an earlier attempt generated, and how much of their text it published.
   *
   * @param tokens generated token ids, in order
   * @param publishedChars UTF-16 units of text already handed out in {@link GenerationEvent.Tokens}
   *     events; text is published again from there
   */
  public record Progress(int[] tokens, int publishedChars) {
    public static final Progress NONE = new Progress(new int[0], 0);
  }
}
