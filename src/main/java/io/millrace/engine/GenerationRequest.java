package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationEvent.FinishReason;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
 * @param topLogprobs how many of the likeliest tokens to tell with each token and its own
 *     log-probability, up to {@link #MAX_LOGPROBS}; empty tells neither
 * @param format what the text may be
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
    OptionalInt topLogprobs,
    ResponseFormat format,
    int priority,
    OptionalLong deadline,
    Progress resumed) {

  /** As vLLM's default for {@code max-logprobs}. */
  public static final int MAX_LOGPROBS = 20;

  public GenerationRequest {
    requireNonNull(id, "id is null");
    requireNonNull(prompt, "prompt is null");
    requireNonNull(chatTime, "chatTime is null");
    requireNonNull(sampling, "sampling is null");
    requireNonNull(deadline, "deadline is null");
    requireNonNull(resumed, "resumed is null");
    requireNonNull(stop, "stop is null");
    requireNonNull(topLogprobs, "topLogprobs is null");
    requireNonNull(format, "format is null");
    if (topLogprobs.orElse(0) < 0 || topLogprobs.orElse(0) > MAX_LOGPROBS) {
      throw new IllegalArgumentException(
          "topLogprobs is %d, expected 0 to %d".formatted(topLogprobs.getAsInt(), MAX_LOGPROBS));
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException(
          "maxTokens is %d, expected at least 1".formatted(maxTokens));
    }
  }

  /** Any text that continues a text. */
  public GenerationRequest(
      String id,
      String prompt,
      int maxTokens,
      Sampling sampling,
      StopConditions stop,
      int priority,
      OptionalLong deadline,
      Progress resumed) {
    this(
        id,
        prompt,
        OptionalLong.empty(),
        maxTokens,
        sampling,
        stop,
        OptionalInt.empty(),
        ResponseFormat.TEXT,
        priority,
        deadline,
        resumed);
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
   * @param end why it ended, if it had; then only its text is wanted again
   */
  public record Progress(int[] tokens, int publishedChars, Optional<FinishReason> end) {
    public static final Progress NONE = new Progress(new int[0], 0);

    public Progress {
      requireNonNull(end, "end is null");
    }

    /** Not at its end. */
    public Progress(int[] tokens, int publishedChars) {
      this(tokens, publishedChars, Optional.empty());
    }
  }
}
