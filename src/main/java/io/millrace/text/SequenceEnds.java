package io.millrace.text;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * What a vocabulary puts around a prompt.
 *
 * @param first token at the beginning; empty for none
 * @param last token at the end; empty for none
 */
record SequenceEnds(OptionalInt first, OptionalInt last) {
  /** Adds what is not there already. */
  int[] around(int[] tokens) {
    int[] begun =
        first.isPresent() && (tokens.length == 0 || tokens[0] != first.getAsInt())
            ? prepend(first.getAsInt(), tokens)
            : tokens;
    if (last.isEmpty() || begun.length > 0 && begun[begun.length - 1] == last.getAsInt()) {
      return begun;
    }
    int[] ended = Arrays.copyOf(begun, begun.length + 1);
    ended[begun.length] = last.getAsInt();
    return ended;
  }

  private static int[] prepend(int token, int[] tokens) {
    int[] all = new int[tokens.length + 1];
    all[0] = token;
    System.arraycopy(tokens, 0, all, 1, tokens.length);
    return all;
  }
}
