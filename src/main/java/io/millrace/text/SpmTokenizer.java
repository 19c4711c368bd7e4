package io.millrace.text;

import ai.djl.engine.EngineException;
import ai.djl.sentencepiece.SpProcessor;
import ai.djl.sentencepiece.SpTokenizer;
import io.millrace.text.SpecialTokenSplitter.Part;
import io.millrace.text.SpmVocabulary.Kind;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The tokenizer of a SentencePiece vocabulary. SentencePiece itself encodes; texts are split at
 * special tokens before it sees them, and tokens are turned into bytes here.
 */
public final class SpmTokenizer implements Tokenizer {
  private static final Cleaner NATIVES = Cleaner.create();
  private static final char SPACE_SYMBOL = '▁';
  private static final byte[] NOTHING = {};

  private final SpmVocabulary vocabulary;
  private final SequenceEnds ends;
  private final SpecialTokenSplitter allSpecialTokens;
  private final SpecialTokenSplitter userDefinedTokens;
  private final SpProcessor sentencePiece;

  /**
   * Loads a vocabulary into SentencePiece.
   *
   * @throws IllegalArgumentException when SentencePiece refuses it
   * @throws IllegalStateException when there is no SentencePiece for this platform
   */
  public SpmTokenizer(SpmVocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.ends =
        new SequenceEnds(
            vocabulary.addBos() ? vocabulary.bos() : OptionalInt.empty(),
            vocabulary.addEos() ? vocabulary.eos() : OptionalInt.empty());
    this.allSpecialTokens = splitter(token -> vocabulary.isControl(token) || isUserDefined(token));
    this.userDefinedTokens =
        splitter(token ->
            !vocabulary.isControl(token) && !vocabulary.isMarkup(token) && isUserDefined(token));
    SpProcessor loaded = load(SentencePieceModel.write(vocabulary));
    this.sentencePiece = loaded;
    NATIVES.register(this, loaded::close);
  }

  @Override
  public int vocabSize() {
    return vocabulary.pieces().size();
  }

  @Override
  public int[] encode(String text, SpecialTokens specialTokens) {
    UnicodeText.require(text);
    SpecialTokenSplitter splitter =
        switch (specialTokens) {
          case PARSE -> allSpecialTokens;
          case AS_TEXT -> userDefinedTokens;
        };
    // Every part that is text follows a special token or begins the whole, so that each gets its
    // space prefix.
    return splitter.split(text).stream().flatMapToInt(part -> IntStream.of(encode(part))).toArray();
  }

  @Override
  public int[] encodePrompt(MarkedText text) {
    UnicodeText.require(text.text());
    // Contents of messages are there at the second splitting only.
    return ends.around(
        allSpecialTokens.split(text).stream()
            .flatMapToInt(part ->
                switch (part) {
                  case Part.Token(SpecialToken token) -> IntStream.of(token.id());
                  case Part.Text(String contents) ->
                      IntStream.of(encode(contents, SpecialTokens.AS_TEXT));
                })
            .toArray());
  }

  @Override
  public Set<Integer> endOfGeneration() {
    return vocabulary.endOfGeneration();
  }

  @Override
  public byte[] bytes(int token) {
    String piece = piece(token);
    if (vocabulary.isControl(token)) {
      return NOTHING;
    }
    if (vocabulary.kinds().get(token) == Kind.BYTE) {
      return new byte[] {(byte) SpmVocabulary.byteOf(piece)};
    }
    return piece.replace(SPACE_SYMBOL, ' ').getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String piece(int token) {
    return vocabulary.pieces().get(token);
  }

  private int[] encode(Part part) {
    return switch (part) {
      case Part.Token(SpecialToken token) -> new int[] {token.id()};
      case Part.Text(String text) -> {
        try {
          yield sentencePiece.encode(text);
        } finally {
          // The native part is freed when this object is unreachable: not before the call is over.
          Reference.reachabilityFence(this);
        }
      }
    };
  }

  private boolean isUserDefined(int token) {
    return vocabulary.kinds().get(token) == Kind.USER_DEFINED;
  }

  private SpecialTokenSplitter splitter(IntPredicate tokens) {
    return new SpecialTokenSplitter(
        IntStream.range(0, vocabSize())
            .filter(tokens)
            .mapToObj(token -> new SpecialToken(token, piece(token)))
            .toList());
  }

  private static SpProcessor load(byte[] model) {
    Djl.configure();
    try {
      return new SpTokenizer(model).getProcessor();
    } catch (EngineException e) {
      throw new IllegalArgumentException(
          "SentencePiece refuses the vocabulary: " + e.getMessage(), e);
    } catch (LinkageError | RuntimeException e) {
      throw Djl.notLoaded("SentencePiece", e);
    }
  }
}
