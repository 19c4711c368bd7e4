package io.millrace.engine;

import java.util.List;
import java.util.Set;

/**
 * What ends a completion before its most tokens.
 *
 * @param texts end it where the first of them begins; none is part of it
 * @param tokens end it; none is part of it
 * @param minTokens tokens that come before anything may end it: until then end tokens cannot be
 *     sampled, and stop texts are not looked for
 * @param ignoreEndTokens whether the model's end tokens are ordinary ones
 */
public record StopConditions(
    List<String> texts, Set<Integer> tokens, int minTokens, boolean ignoreEndTokens) {
  public StopConditions {
    texts = List.copyOf(texts);
    tokens = Set.copyOf(tokens);
    if (minTokens < 0) {
      throw new IllegalArgumentException(
          "minTokens is %d, expected 0 or more".formatted(minTokens));
    }
  }

  /** The model's end tokens, and these texts. */
  public static StopConditions texts(List<String> texts) {
    return new StopConditions(texts, Set.of(), 0, false);
  }
}
