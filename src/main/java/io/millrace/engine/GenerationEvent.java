package io.millrace.engine;

import java.util.List;

/** What happened to a request. */
public sealed interface GenerationEvent {
  /**
   * One step's tokens.
   *
   * @param tokens sampled token ids, in order; at least one
   * @param text what they add to the text; may be empty while a character is incomplete or a stop
   *     text may be beginning
   * @param logprobs of each token if they were asked for, else empty
   */
  record Tokens(int[] tokens, String text, List<TokenLogprobs> logprobs)
      implements GenerationEvent {
    public Tokens {
      logprobs = List.copyOf(logprobs);
    }

    /** Without log-probabilities. */
    public Tokens(int[] tokens, String text) {
      this(tokens, text, List.of());
    }
  }

  /**
   * The completion is whole. The tokens have all been in {@link Tokens} events.
   *
   * @param reason why it ended
   * @param lastText text after the last {@link Tokens} event (an incomplete character's
   *     replacement, held-back text)
   * @param text the whole text, that of an earlier attempt included
   */
  record Finished(FinishReason reason, String lastText, String text, Usage usage, Timings timings)
      implements GenerationEvent {}

  /**
   * The request ended in an error.
   *
   * @param text the whole text so far; all of it has been in {@link Tokens} events
   */
  record Failed(GenerationError error, String text, Usage usage, Timings timings)
      implements GenerationEvent {}

  /** Why a completion ended; the names are OpenAI's. */
  enum FinishReason {
    /** An end-of-generation token or a stop text. */
    STOP,
    /** {@code maxTokens} or the context length was reached. */
    LENGTH
  }

  /**
   * Tokens of a request.
   *
   * @param promptTokens with the beginning-of-sequence token
   * @param completionTokens with an earlier attempt's, without the end-of-generation token
   * @param cachedTokens prompt tokens that were not computed because their pages were cached
   */
  record Usage(int promptTokens, int completionTokens, int cachedTokens) {}

  /**
   * Where the time of this attempt went.
   *
   * @param queuedMillis from submission to the first step
   * @param prefillMillis from the first step to the first token
   * @param decodeMillis from the first token to the last
   * @param promptTokens tokens computed in prefill
   * @param decodedTokens tokens generated in this attempt
   */
  record Timings(
      double queuedMillis,
      double prefillMillis,
      double decodeMillis,
      int promptTokens,
      int decodedTokens) {}
}
