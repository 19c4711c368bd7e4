package io.millrace.engine.grammar;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Tokens by their bytes, as a tree in flat arrays: a node stands before its children, and its
 * siblings after all of them. Tokens without bytes are not in it. Immutable.
 */
final class TokenTrie {
  private final int longest;

  /** Tokens in the order of their bytes; those of node {@code i} begin at {@code firstToken[i]}. */
  private final int[] tokens;

  private final byte[] values;
  private final int[] depths;
  private final int[] ends;
  private final int[] firstToken;

  private TokenTrie(
      int longest, int[] tokens, byte[] values, int[] depths, int[] ends, int[] firstToken) {
    this.longest = longest;
    this.tokens = tokens;
    this.values = values;
    this.depths = depths;
    this.ends = ends;
    this.firstToken = firstToken;
  }

  /**
   * @param bytes of each token
   * @param isIn which tokens get into the tree
   */
  static TokenTrie of(byte[][] bytes, IntPredicate isIn) {
    int[] tokens =
        IntStream.range(0, bytes.length)
            .filter(token -> bytes[token].length > 0 && isIn.test(token))
            .boxed()
            .sorted(Comparator.comparing(token -> bytes[token], Arrays::compareUnsigned))
            .mapToInt(Integer::intValue)
            .toArray();
    int most = IntStream.of(tokens).map(token -> bytes[token].length).sum();
    int longest = IntStream.of(tokens).map(token -> bytes[token].length).max().orElse(0);
    byte[] values = new byte[most];
    int[] depths = new int[most];
    int[] ends = new int[most];
    int[] firstToken = new int[most + 1];
    int[] path = new int[longest];
    int size = 0;
    byte[] before = {};
    for (int i = 0; i < tokens.length; i++) {
      byte[] own = bytes[tokens[i]];
      int common = Arrays.mismatch(before, own);
      int shared = common < 0 ? own.length : common;
      for (int depth = shared; depth < before.length; depth++) {
        ends[path[depth]] = size;
      }
      for (int depth = shared; depth < own.length; depth++, size++) {
        path[depth] = size;
        values[size] = own[depth];
        depths[size] = depth;
        firstToken[size] = i;
      }
      before = own;
    }
    for (int depth = 0; depth < before.length; depth++) {
      ends[path[depth]] = size;
    }
    firstToken[size] = tokens.length;
    return new TokenTrie(
        longest,
        tokens,
        Arrays.copyOf(values, size),
        Arrays.copyOf(depths, size),
        Arrays.copyOf(ends, size),
        Arrays.copyOf(firstToken, size + 1));
  }

  /**
   * Adds the tokens that may follow a state to a mask.
   *
   * @throws SchemaException when the grammar is too ambiguous
   */
  void addFollowing(Automaton automaton, State from, long[] mask) {
    State[] states = new State[longest + 1];
    states[0] = from;
    int node = 0;
    while (node < values.length) {
      State state = automaton.next(states[depths[node]], values[node] & 0xFF);
      if (state.isDead()) {
        node = ends[node];
      } else {
        // A node's tokens end where the next node's begin: its first child has longer ones.
        for (int i = firstToken[node]; i < firstToken[node + 1]; i++) {
          mask[tokens[i] >> 6] |= 1L << tokens[i];
        }
        states[depths[node] + 1] = state;
        node++;
      }
    }
  }
}
