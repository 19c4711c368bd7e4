package io.millrace.text;

import io.millrace.text.SpmVocabulary.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/** A vocabulary of control tokens, all bytes and a few pieces, to be added to by tests. */
final class TinyVocabulary {
  static final int UNKNOWN = 0;
  static final int BOS = 1;
  static final int EOS = 2;

  private final List<String> pieces = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final Set<Integer> endOfGeneration = new HashSet<>(Set.of(EOS));
  private int unknown = UNKNOWN;
  private boolean addBos = true;
  private boolean addSpacePrefix = true;

  static TinyVocabulary withoutBytes() {
    return new TinyVocabulary()
        .add("<unk>", Kind.UNKNOWN, 0)
        .add("<s>", Kind.CONTROL, 0)
        .add("</s>", Kind.CONTROL, 0);
  }

  static TinyVocabulary withBytes() {
    TinyVocabulary vocabulary = withoutBytes();
    IntStream.range(0, 256).forEach(i -> vocabulary.add("<0x%02X>".formatted(i), Kind.BYTE, 0));
    return vocabulary;
  }

  TinyVocabulary add(String piece, Kind kind, float score) {
    pieces.add(piece);
    kinds.add(kind);
    scores.add(score);
    return this;
  }

  /** Normal pieces, the earlier the higher their score. */
  TinyVocabulary words(String... words) {
    for (String word : words) {
      add(word, Kind.NORMAL, -pieces.size());
    }
    return this;
  }

  TinyVocabulary withoutBos() {
    addBos = false;
    return this;
  }

  TinyVocabulary withoutSpacePrefix() {
    addSpacePrefix = false;
    return this;
  }

  TinyVocabulary unknown(int token) {
    unknown = token;
    return this;
  }

  TinyVocabulary endsWith(int token) {
    endOfGeneration.add(token);
    return this;
  }

  int id(String piece) {
    return pieces.lastIndexOf(piece);
  }

  SpmVocabulary build() {
    return new SpmVocabulary(
        pieces,
        scores,
        kinds,
        unknown,
        OptionalInt.of(BOS),
        OptionalInt.empty(),
        endOfGeneration,
        addBos,
        false,
        addSpacePrefix);
  }
}
