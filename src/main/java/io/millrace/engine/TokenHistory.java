package io.millrace.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The tokens of a sequence, those of its prompt and those generated, and how often they came. */
final class TokenHistory {
  private final int promptLength;
  private int[] tokens;
  private int length;

  /** What {@link #counts} has counted already: tokens are counted when somebody asks. */
  private final Map<Integer, Integer> counts = new HashMap<>();

  private int counted;

  TokenHistory(int[] prompt) {
    promptLength = prompt.length;
    tokens = prompt.clone();
    length = prompt.length;
  }

  void add(int token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * length);
    }
    tokens[length++] = token;
  }

  int token(int position) {
    return tokens[position];
  }

  int[] range(int from, int to) {
    return Arrays.copyOfRange(tokens, from, to);
  }

  /** Tokens of prompt and completion so far. */
  int length() {
    return length;
  }

  int promptLength() {
    return promptLength;
  }

  /** Tokens of the completion so far. */
  int generated() {
    return length - promptLength;
  }

  /** How often each token came in the completion; 0 for those that came in the prompt only. */
  Map<Integer, Integer> counts() {
    for (; counted < length; counted++) {
      counts.merge(tokens[counted], counted < promptLength ? 0 : 1, Integer::sum);
    }
    return counts;
  }
}
