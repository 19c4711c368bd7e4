package io.millrace.text;

import io.millrace.text.SpmVocabulary.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a {@code tokenizer.model} holds: the {@code ModelProto} of SentencePiece (<a
 * href="https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto">its
 * fields and defaults</a>). Llama's and Mistral's are BPE models whose normalizer does nothing but
 * write spaces as {@code ▁}; others are refused.
 */
final class SentencePieceFile {
  private static final int BPE = 2;
  private static final String[] MODEL_TYPES = {"none", "unigram", "bpe", "word", "char"};
  private static final int MAX_PIECES = 300_000;

  private final List<String> pieces = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private int modelType = 1;
  private int unknown;
  private int bos = 1;
  private int eos = 2;
  private boolean spacePrefix = true;

  private SentencePieceFile() {}

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException when it is no model that this build can use
   */
  static SentencePieceFile read(ByteBuffer bytes) {
    SentencePieceFile file = new SentencePieceFile();
    ProtoReader model = new ProtoReader(bytes);
    for (int field = model.next(); field != 0; field = model.next()) {
      switch (field) {
        case 1 -> file.readPiece(model.message());
        case 2 -> file.readTrainer(model.message());
        case 3 -> file.readNormalizer(model.message());
        default -> model.skip();
      }
    }
    if (file.modelType != BPE) {
      throw new IllegalArgumentException(
          "is a SentencePiece model of type %s, which this build cannot use, expected bpe"
              .formatted(
                  file.modelType >= 0 && file.modelType < MODEL_TYPES.length
                      ? MODEL_TYPES[file.modelType]
                      : file.modelType));
    }
    return file;
  }

  List<String> pieces() {
    return pieces;
  }

  List<Float> scores() {
    return scores;
  }

  List<Kind> kinds() {
    return kinds;
  }

  int unknown() {
    return unknown;
  }

  OptionalInt bos() {
    return token(bos);
  }

  OptionalInt eos() {
    return token(eos);
  }

  boolean addsSpacePrefix() {
    return spacePrefix;
  }

  /** Models without such a token have -1. */
  private OptionalInt token(int id) {
    return id >= 0 && id < pieces.size() ? OptionalInt.of(id) : OptionalInt.empty();
  }

  private void readPiece(ProtoReader piece) {
    String spelling = "";
    float score = 0;
    int kind = 1;
    for (int field = piece.next(); field != 0; field = piece.next()) {
      switch (field) {
        case 1 -> spelling = piece.text();
        case 2 -> score = piece.real();
        case 3 -> kind = piece.number();
        default -> piece.skip();
      }
    }
    if (kind < 1 || kind > Kind.values().length) {
      throw new IllegalArgumentException(
          "piece %d has type %d, expected 1 to %d"
              .formatted(pieces.size(), kind, Kind.values().length));
    }
    if (pieces.size() == MAX_PIECES) {
      throw new IllegalArgumentException("has more than %d pieces".formatted(MAX_PIECES));
    }
    pieces.add(spelling);
    scores.add(score);
    kinds.add(Kind.values()[kind - 1]);
  }

  private void readTrainer(ProtoReader trainer) {
    for (int field = trainer.next(); field != 0; field = trainer.next()) {
      switch (field) {
        case 3 -> modelType = trainer.number();
        case 24 -> {
          if (trainer.flag()) {
            throw new IllegalArgumentException(
                "treats white space as a suffix, which this build cannot do");
          }
        }
        case 40 -> unknown = trainer.number();
        case 41 -> bos = trainer.number();
        case 42 -> eos = trainer.number();
        default -> trainer.skip();
      }
    }
  }

  private void readNormalizer(ProtoReader normalizer) {
    boolean plain = true;
    boolean squeezes = true;
    for (int field = normalizer.next(); field != 0; field = normalizer.next()) {
      switch (field) {
        case 2 -> plain = normalizer.length() == 0;
        case 3 -> spacePrefix = normalizer.flag();
        case 4 -> squeezes = normalizer.flag();
        default -> normalizer.skip();
      }
    }
    if (!plain || squeezes) {
      throw new IllegalArgumentException(
          "has a normalizer that changes texts (%s), which this build cannot do, expected identity"
              .formatted(plain ? "remove_extra_whitespaces" : "precompiled_charsmap"));
    }
  }
}
