package io.millrace.text;

import ai.djl.engine.EngineException;
import ai.djl.sentencepiece.SpProcessor;
import ai.djl.sentencepiece.SpTokenizer;
import io.millrace.text.SpecialTokenSplitter.Part;
import io.millrace.text.SpmVocabulary.Kind;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
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
    this.allSpecialTokens = splitter(token -> vocabulary.isControl(token) || isUserDefined(token));
    this.userDefinedTokens =
        splitter(token -> !vocabulary.isControl(token) && isUserDefined(token));
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
    requireUnicode(text);
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
  public int[] encodePrompt(String text) {
    int[] tokens = encode(text, SpecialTokens.PARSE);
    if (!vocabulary.addBos() || vocabulary.bos().isEmpty()) {
      return tokens;
    }
    int bos = vocabulary.bos().getAsInt();
    return tokens.length > 0 && tokens[0] == bos
        ? tokens
        : IntStream.concat(IntStream.of(bos), IntStream.of(tokens)).toArray();
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
      case Part.Token(int id) -> new int[] {id};
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
            .boxed()
            .collect(Collectors.toMap(Function.identity(), this::piece)));
  }

  private static void requireUnicode(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new IllegalArgumentException(
            "the text has an unpaired surrogate, \\u%04x, at UTF-16 position %d"
                .formatted((int) c, i));
      }
    }
  }

  private static SpProcessor load(byte[] model) {
    // DJL reports its use over the network otherwise.
    System.setProperty("OPT_OUT_TRACKING", "true");
    try {
      return new SpTokenizer(model).getProcessor();
    } catch (EngineException e) {
      throw new IllegalArgumentException(
          "SentencePiece refuses the vocabulary: " + e.getMessage(), e);
    } catch (LinkageError | RuntimeException e) {
      throw new IllegalStateException(
          ("SentencePiece's native library cannot be loaded on %s %s: %s. It is there for Linux"
                  + " (x86-64, aarch64; glibc), macOS (aarch64) and Windows (x86-64), and is"
                  + " unpacked to ~/.djl.ai or the directory that DJL_CACHE_DIR names.")
              .formatted(
                  System.getProperty("os.name"), System.getProperty("os.arch"), rootCause(e)),
          e);
    }
  }

  private static Throwable rootCause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
