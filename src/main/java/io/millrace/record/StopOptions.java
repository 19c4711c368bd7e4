package io.millrace.record;

import java.util.List;

/**
 * What ends a completion before {@code max_tokens}.
 *
 * @param texts none of them is part of the completion
 * @param tokenIds none of them is part of the completion
 * @param minTokens tokens that come before anything may end the completion
 * @param ignoreEos whether the model's end tokens are ordinary ones
 */
public record StopOptions(
    List<String> texts, List<Integer> tokenIds, int minTokens, boolean ignoreEos) {
  /** Only the model's end tokens. */
  public static final StopOptions DEFAULT = new StopOptions(List.of(), List.of(), 0, false);

  public StopOptions {
    texts = List.copyOf(texts);
    tokenIds = List.copyOf(tokenIds);
  }
}
