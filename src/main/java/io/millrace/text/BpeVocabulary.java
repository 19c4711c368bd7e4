package io.millrace.text;

import static java.util.Objects.requireNonNull;

import io.millrace.text.SpmVocabulary.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A byte-level BPE vocabulary, as GPT-2, Llama 3 and Qwen have it. A token's id is its place in the
 * lists.
 *
 * @param pieces spelling of each token: normal ones in the {@link ByteLevelAlphabet}, others as
 *     they stand in a text
 * @param kinds of each token
 * @param merges pairs of spellings with a space between, the first to merge first
 * @param preTokenizer how a text is cut into words, within which tokens merge
 * @param bos token at the beginning of a sequence
 * @param eos token at its end
 * @param endOfGeneration tokens that end a generation
 * @param addBos whether prompts begin with {@code bos}
 * @param addEos whether prompts end with {@code eos}
 */
public record BpeVocabulary(
    List<String> pieces,
    List<Kind> kinds,
    List<String> merges,
    PreTokenizer preTokenizer,
    OptionalInt bos,
    OptionalInt eos,
    Set<Integer> endOfGeneration,
    boolean addBos,
    boolean addEos) {
  private static final byte[] NOTHING = {};

  /**
   * Checks what a tokenizer relies on.
   *
   * @throws IllegalArgumentException naming what is wrong
   */
  public BpeVocabulary {
    pieces = List.copyOf(pieces);
    kinds = List.copyOf(kinds);
    merges = List.copyOf(merges);
    endOfGeneration = Set.copyOf(endOfGeneration);
    requireNonNull(preTokenizer, "preTokenizer is null");
    requireNonNull(bos, "bos is null");
    requireNonNull(eos, "eos is null");
    if (pieces.isEmpty() || kinds.size() != pieces.size()) {
      throw new IllegalArgumentException(
          "the vocabulary has %d pieces and %d types, expected as many of each"
              .formatted(pieces.size(), kinds.size()));
    }
  }

  /** Whether text merges into this token; others are found by their spelling, or not at all. */
  boolean isMerged(int token) {
    return switch (kinds.get(token)) {
      case NORMAL, BYTE -> !isMarker(token);
      case CONTROL, UNKNOWN, USER_DEFINED, UNUSED -> false;
    };
  }

  /** Whether a token is text that no template gives a meaning: runs of spaces, as code has them. */
  boolean isBlank(int token) {
    return kinds.get(token) == Kind.USER_DEFINED && pieces.get(token).isBlank();
  }

  TokenTable table() {
    List<byte[]> bytes = new ArrayList<>(pieces.size());
    List<SpecialToken> special = new ArrayList<>();
    for (int token = 0; token < pieces.size(); token++) {
      bytes.add(bytes(token));
      boolean found =
          switch (kinds.get(token)) {
            case CONTROL, UNKNOWN, USER_DEFINED -> !isBlank(token);
            case NORMAL, BYTE, UNUSED -> isMarker(token);
          };
      if (found) {
        special.add(new SpecialToken(token, pieces.get(token)));
      }
    }
    return new TokenTable(pieces, bytes, special, bos, eos, addBos, addEos, endOfGeneration);
  }

  private byte[] bytes(int token) {
    return switch (kinds.get(token)) {
      case CONTROL, UNKNOWN, UNUSED -> NOTHING;
      case USER_DEFINED ->
          isMarker(token) ? NOTHING : pieces.get(token).getBytes(StandardCharsets.UTF_8);
      case NORMAL, BYTE -> isMarker(token) ? NOTHING : ByteLevelAlphabet.decode(pieces.get(token));
    };
  }

  /** Whether a token begins a sequence or ends a generation. */
  private boolean isMarker(int token) {
    return endOfGeneration.contains(token) || bos.isPresent() && bos.getAsInt() == token;
  }
}
