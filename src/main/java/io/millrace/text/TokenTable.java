package io.millrace.text;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What a tokenizer knows of its tokens; an id is a place in the lists.
 *
 * @param pieces spelling of each token; empty for ids that no token has
 * @param bytes that each token adds to a text; empty for control tokens
 * @param special tokens that are found by their spelling
 * @param bos token at the beginning of a sequence
 * @param eos token at its end
 * @param addBos whether prompts begin with {@code bos}
 * @param addEos whether prompts end with {@code eos}
 * @param endOfGeneration tokens that end a generation
 */
record TokenTable(
    List<String> pieces,
    List<byte[]> bytes,
    List<SpecialToken> special,
    OptionalInt bos,
    OptionalInt eos,
    boolean addBos,
    boolean addEos,
    Set<Integer> endOfGeneration) {
  TokenTable {
    pieces = List.copyOf(pieces);
    bytes = List.copyOf(bytes);
    special = List.copyOf(special);
    endOfGeneration = Set.copyOf(endOfGeneration);
    requireNonNull(bos, "bos is null");
    requireNonNull(eos, "eos is null");
    if (pieces.isEmpty() || pieces.size() != bytes.size()) {
      throw new IllegalArgumentException(
          "%d spellings for %d tokens".formatted(pieces.size(), bytes.size()));
    }
    int size = pieces.size();
    bos.ifPresent(id -> requireToken("beginning-of-sequence", id, size));
    eos.ifPresent(id -> requireToken("end-of-sequence", id, size));
    endOfGeneration.forEach(id -> requireToken("end-of-generation", id, size));
    special.forEach(token -> requireToken("special", token.id(), size));
  }

  private static void requireToken(String what, int id, int size) {
    if (id < 0 || id >= size) {
      throw new IllegalArgumentException(
          "the %s token is %d, but the vocabulary has %d tokens".formatted(what, id, size));
    }
  }
}
