package io.millrace.engine.grammar;

import java.util.Arrays;
import java.util.Collection;

/** Follows one text, token by token. Used by the thread of its grammar. */
public final class GrammarMatcher {
  private final Grammar grammar;
  private State state;

  GrammarMatcher(Grammar grammar, State start) {
    this.grammar = grammar;
    this.state = start;
  }

  /**
   * Takes the next token in.
   *
   * @throws IllegalArgumentException when the text does not allow it
   */
  public void accept(int token) {
    State next = grammar.next(state, token);
    if (next.isDead()) {
      throw new IllegalArgumentException(
          "token %d does not continue the text as response_format asks".formatted(token));
    }
    state = next;
  }

  /** Whether the text is whole and nothing can follow. */
  public boolean isComplete() {
    return state.isLast();
  }

  /**
   * Rules tokens out that no valid text can go on with, and end tokens where it may not end.
   *
   * @param logits {@code [vocabSize]}, changed in place
   * @param endTokens not part of the text
   * @throws SchemaException when no token is left, as may happen with a vocabulary that lacks bytes
   */
  public void mask(float[] logits, Collection<Integer> endTokens) {
    long[] mask = grammar.mask(state);
    float[] ends = new float[endTokens.size()];
    int saved = 0;
    for (int token : endTokens) {
      ends[saved++] = state.accepting ? logits[token] : Float.NEGATIVE_INFINITY;
    }
    boolean isAnyLeft = state.accepting && ends.length > 0;
    for (int first = 0; first < logits.length; first += Long.SIZE) {
      long follow = first / Long.SIZE < mask.length ? mask[first / Long.SIZE] : 0;
      int end = Math.min(first + Long.SIZE, logits.length);
      isAnyLeft |= follow != 0;
      // Most groups of tokens follow together or not at all.
      if (follow == 0) {
        Arrays.fill(logits, first, end, Float.NEGATIVE_INFINITY);
      } else if (follow != -1) {
        for (int token = first; token < end; token++) {
          logits[token] = (follow & 1L << token) != 0 ? logits[token] : Float.NEGATIVE_INFINITY;
        }
      }
    }
    saved = 0;
    for (int token : endTokens) {
      logits[token] = ends[saved++];
    }
    if (!isAnyLeft) {
      throw new SchemaException(
          "no token of the vocabulary continues the text as response_format asks");
    }
  }
}
