package io.millrace.engine.grammar;

import io.millrace.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The tokens of a model, sorted for masks. Most tokens of a vocabulary are plain text: nothing but
 * whole characters that a JSON string holds unescaped. In a string that may have so many more
 * characters, all of them up to that length follow, which needs no look at any of them; this is
 * what llguidance calls a slice. The others are looked up in a tree. Immutable.
 */
final class Vocabulary {
  private final int size;
  private final int longest;

  /** Masks of the plain tokens of at most so many characters. */
  private final List<long[]> plainUpTo = new ArrayList<>();

  private final TokenTrie plain;
  private final TokenTrie others;

  private Vocabulary(byte[][] tokens) {
    size = tokens.length;
    longest = Arrays.stream(tokens).mapToInt(token -> token.length).max().orElse(0);
    int[] characters = Arrays.stream(tokens).mapToInt(PlainText::characters).toArray();
    int most = IntStream.of(characters).max().orElse(0);
    for (int length = 0; length <= most; length++) {
      int limit = length;
      plainUpTo.add(maskOf(token -> characters[token] > 0 && characters[token] <= limit));
    }
    plain = TokenTrie.of(tokens, token -> characters[token] > 0);
    others = TokenTrie.of(tokens, token -> characters[token] == 0);
  }

  static Vocabulary of(Tokenizer tokenizer) {
    byte[][] tokens = new byte[tokenizer.vocabSize()][];
    Arrays.setAll(tokens, tokenizer::bytes);
    return new Vocabulary(tokens);
  }

  private long[] maskOf(IntPredicate isIn) {
    long[] mask = emptyMask();
    IntStream.range(0, size).filter(isIn).forEach(token -> mask[token >> 6] |= 1L << token);
    return mask;
  }

  private long[] emptyMask() {
    return new long[(size + 63) / 64];
  }

  /** Bytes of the longest token. */
  int longest() {
    return longest;
  }

  /**
   * The tokens that may follow a state: bit {@code token % 64} of element {@code token / 64}.
   *
   * @throws SchemaException when the grammar is too ambiguous
   */
  long[] mask(Automaton automaton, State state) {
    automaton.allowEffort();
    int room = state.frames.stream().mapToInt(Frame::plainCharacters).max().orElse(0);
    long[] mask = plainUpTo.get(Math.min(room, plainUpTo.size() - 1)).clone();
    others.addFollowing(automaton, state, mask);
    // Plain tokens that are longer, or not for a string, may still be what an alternative begins
    // with. A state allows what any of its frames allows, so these may be looked at alone.
    List<Frame> rest = state.frames.stream().filter(frame -> frame.plainCharacters() == 0).toList();
    plain.addFollowing(automaton, automaton.state(rest, state.accepting), mask);
    return mask;
  }
}
