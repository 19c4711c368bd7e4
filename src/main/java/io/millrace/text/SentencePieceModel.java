package io.millrace.text;

import io.millrace.text.SpmVocabulary.Kind;
import java.util.HashSet;
import java.util.Set;

/**
 * A vocabulary as the {@code ModelProto} that SentencePiece loads (<a
 * href="https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto">its
 * fields</a>).
 */
final class SentencePieceModel {
  private static final int MODEL_PIECES = 1;
  private static final int MODEL_TRAINER_SPEC = 2;
  private static final int MODEL_NORMALIZER_SPEC = 3;

  private static final int PIECE_SPELLING = 1;
  private static final int PIECE_SCORE = 2;
  private static final int PIECE_TYPE = 3;

  private static final int TRAINER_MODEL_TYPE = 3;
  private static final int TRAINER_MODEL_TYPE_BPE = 2;
  private static final int TRAINER_BYTE_FALLBACK = 35;

  private static final int NORMALIZER_NAME = 1;
  private static final int NORMALIZER_ADD_DUMMY_PREFIX = 3;
  private static final int NORMALIZER_REMOVE_EXTRA_WHITESPACES = 4;
  private static final int NORMALIZER_ESCAPE_WHITESPACES = 5;

  private SentencePieceModel() {}

  /**
   * Writes the model of a vocabulary. SentencePiece demands exactly one unknown token and no
   * spelling twice, but vocabularies of converted checkpoints are padded with repeated and empty
   * ones: those become control tokens, which no text is ever encoded to.
   */
  static byte[] write(SpmVocabulary vocabulary) {
    ProtoMessage model = new ProtoMessage();
    Set<String> spelled = new HashSet<>();
    for (int token = 0; token < vocabulary.pieces().size(); token++) {
      String piece = vocabulary.pieces().get(token);
      boolean usable = !piece.isEmpty() && spelled.add(piece);
      model.message(
          MODEL_PIECES,
          new ProtoMessage()
              .text(PIECE_SPELLING, usable ? piece : "\0token " + token)
              .number(PIECE_SCORE, vocabulary.scores().get(token))
              .number(PIECE_TYPE, kind(vocabulary, token, usable).ordinal() + 1));
    }
    return model
        .message(
            MODEL_TRAINER_SPEC,
            new ProtoMessage()
                .number(TRAINER_MODEL_TYPE, TRAINER_MODEL_TYPE_BPE)
                .flag(TRAINER_BYTE_FALLBACK, vocabulary.hasBytes()))
        .message(
            MODEL_NORMALIZER_SPEC,
            new ProtoMessage()
                .text(NORMALIZER_NAME, "identity")
                .flag(NORMALIZER_ADD_DUMMY_PREFIX, vocabulary.addSpacePrefix())
                .flag(NORMALIZER_REMOVE_EXTRA_WHITESPACES, false)
                .flag(NORMALIZER_ESCAPE_WHITESPACES, true))
        .toBytes();
  }

  private static Kind kind(SpmVocabulary vocabulary, int token, boolean usable) {
    if (token == vocabulary.unknown()) {
      return Kind.UNKNOWN;
    }
    if (!usable || vocabulary.isControl(token) || vocabulary.isMarkup(token)) {
      return Kind.CONTROL;
    }
    return switch (vocabulary.kinds().get(token)) {
      // SpmTokenizer takes their spellings out of the text beforehand. What is left can only be
      // spelled by merging, as with llama.cpp.
      case USER_DEFINED, NORMAL -> Kind.NORMAL;
      case UNUSED -> Kind.UNUSED;
      case BYTE -> Kind.BYTE;
      case UNKNOWN, CONTROL -> Kind.CONTROL;
    };
  }
}
