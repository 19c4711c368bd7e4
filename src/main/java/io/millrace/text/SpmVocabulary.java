package io.millrace.text;

import static java.util.Objects.requireNonNull;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A SentencePiece vocabulary of the BPE kind, as Llama 1 and 2 have it. A token's id is its place
 * in the lists.
 *
 * @param pieces spelling of each token; {@code ▁} stands for a space
 * @param scores of each token; the pair of pieces whose whole has the highest score merges first
 * @param kinds of each token
 * @param unknown token for characters that the vocabulary cannot spell
 * @param bos token at the beginning of a sequence
 * @param eos token at the end of a sequence
 * @param endOfGeneration tokens that end a generation
 * @param addBos whether prompts begin with {@code bos}
 * @param addEos whether prompts end with {@code eos}
 * @param addSpacePrefix whether a space goes before a text, so that its first word is spelled like
 *     any other
 */
public record SpmVocabulary(
    List<String> pieces,
    List<Float> scores,
    List<Kind> kinds,
    int unknown,
    OptionalInt bos,
    OptionalInt eos,
    Set<Integer> endOfGeneration,
    boolean addBos,
    boolean addEos,
    boolean addSpacePrefix) {

  /** What a token is, in the order of the numbers 1 to 6 in SentencePiece models and GGUF files. */
  public enum Kind {
    NORMAL,
    UNKNOWN,
    /** Has a meaning for the model and no text. */
    CONTROL,
    /** Text that is always this one token. */
    USER_DEFINED,
    UNUSED,
    /** One byte of UTF-8, spelled {@code <0x0A>}. */
    BYTE
  }

  /**
   * Checks what a tokenizer relies on.
   *
   * @throws IllegalArgumentException naming the token that is wrong
   */
  public SpmVocabulary {
    pieces = List.copyOf(pieces);
    scores = List.copyOf(scores);
    kinds = List.copyOf(kinds);
    endOfGeneration = Set.copyOf(endOfGeneration);
    requireNonNull(bos, "bos is null");
    requireNonNull(eos, "eos is null");
    if (pieces.isEmpty() || scores.size() != pieces.size() || kinds.size() != pieces.size()) {
      throw new IllegalArgumentException(
          "the vocabulary has %d pieces, %d scores and %d types, expected as many of each"
              .formatted(pieces.size(), scores.size(), kinds.size()));
    }
    requireToken("unknown", unknown, pieces.size());
    if (bos.isPresent()) {
      requireToken("beginning-of-sequence", bos.getAsInt(), pieces.size());
    }
    if (eos.isPresent()) {
      requireToken("end-of-sequence", eos.getAsInt(), pieces.size());
    }
    for (int token : endOfGeneration) {
      requireToken("end-of-generation", token, pieces.size());
    }
    for (int token = 0; token < scores.size(); token++) {
      if (!Float.isFinite(scores.get(token))) {
        throw new IllegalArgumentException(
            "token %d has score %s, expected a number".formatted(token, scores.get(token)));
      }
    }
    requireBytes(pieces, kinds);
  }

  /** Whether there is a token for each byte, so that every text can be spelled. */
  boolean hasBytes() {
    return kinds.contains(Kind.BYTE);
  }

  /**
   * Whether a token has a meaning for the model and no text. Spellings such as {@code <|im_end|>}
   * are control tokens also where a converter has marked them as user-defined: contents of messages
   * must not become them.
   */
  boolean isControl(int token) {
    return switch (kinds.get(token)) {
      case CONTROL, UNKNOWN -> true;
      case USER_DEFINED ->
          isMarker(token) || pieces.get(token).startsWith("<|") && pieces.get(token).endsWith("|>");
      case NORMAL, UNUSED -> isMarker(token);
      case BYTE -> false;
    };
  }

  /**
   * Whether a token is spelled like markup, {@code <tool_call>} or {@code [INST]}: templates write
   * such tokens, contents of messages must not become them.
   */
  boolean isMarkup(int token) {
    String piece = pieces.get(token);
    return kinds.get(token) == Kind.USER_DEFINED
        && (piece.startsWith("<") && piece.endsWith(">")
            || piece.startsWith("[") && piece.endsWith("]"));
  }

  /** Whether a token begins a sequence or ends a generation. */
  private boolean isMarker(int token) {
    return endOfGeneration.contains(token) || bos.isPresent() && bos.getAsInt() == token;
  }

  /**
   * The byte that a token of kind {@link Kind#BYTE} stands for.
   *
   * @throws NumberFormatException when it is not spelled like one
   */
  static int byteOf(String piece) {
    if (piece.length() != 6 || !piece.startsWith("<0x") || piece.charAt(5) != '>') {
      throw new NumberFormatException("not spelled <0x00> to <0xFF>");
    }
    return Integer.parseUnsignedInt(piece, 3, 5, 16);
  }

  private static void requireToken(String what, int id, int size) {
    if (id < 0 || id >= size) {
      throw new IllegalArgumentException(
          "the %s token is %d, but the vocabulary has %d tokens".formatted(what, id, size));
    }
  }

  private static void requireBytes(List<String> pieces, List<Kind> kinds) {
    BitSet bytes = new BitSet();
    for (int token = 0; token < pieces.size(); token++) {
      if (kinds.get(token) == Kind.BYTE) {
        try {
          bytes.set(byteOf(pieces.get(token)));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "token %d is a byte, but spelled %s, expected <0x00> to <0xFF>"
                  .formatted(token, pieces.get(token)),
              e);
        }
      }
    }
    if (!bytes.isEmpty() && bytes.cardinality() != 256) {
      throw new IllegalArgumentException(
          "the vocabulary has tokens for %d different bytes, expected none or all 256"
              .formatted(bytes.cardinality()));
    }
  }
}
