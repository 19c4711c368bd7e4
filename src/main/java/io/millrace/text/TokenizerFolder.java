package io.millrace.text;

import io.millrace.text.SpmVocabulary.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The tokenizer in a model folder, in the files of Hugging Face: {@code tokenizer.json}, else
 * {@code tokenizer.model}, with what {@code tokenizer_config.json}, {@code
 * special_tokens_map.json}, {@code generation_config.json} and {@code config.json} add.
 */
public final class TokenizerFolder {
  private static final String JSON = "tokenizer.json";
  private static final String SENTENCE_PIECE = "tokenizer.model";

  /** Gemma 3's and Llama 4's take about 33 MB. */
  private static final int MAX_JSON_BYTES = 96 << 20;

  private static final int MAX_MODEL_BYTES = 32 << 20;
  private static final int MAX_TOKENS = 300_000;

  private final Path folder;

  private TokenizerFolder(Path folder) {
    this.folder = folder;
  }

  /** Whether a folder has a tokenizer. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(JSON)) || Files.exists(folder.resolve(SENTENCE_PIECE));
  }

  /** What kind of tokenizer a folder has, in words. */
  public static String kind(Path folder) {
    return Files.exists(folder.resolve(JSON)) ? "BPE (tokenizer.json)" : "SentencePiece";
  }

  /**
   * Loads the tokenizer of a folder.
   *
   * @throws IllegalArgumentException naming the file that is missing, damaged, or of a kind that
   *     this build cannot use
   */
  public static Tokenizer load(Path folder) {
    if (!isIn(folder)) {
      throw new IllegalArgumentException(
          "%s has no tokenizer, expected %s or %s".formatted(folder, JSON, SENTENCE_PIECE));
    }
    TokenizerFolder files = new TokenizerFolder(folder);
    String name = Files.exists(folder.resolve(JSON)) ? JSON : SENTENCE_PIECE;
    try {
      FolderConfig config = FolderConfig.read(folder);
      return name.equals(JSON)
          ? TokenizerJson.load(JsonFile.read(folder.resolve(JSON), MAX_JSON_BYTES), config)
          : files.sentencePiece(config);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s: %s".formatted(folder.resolve(name), e.getMessage()), e);
    }
  }

  private Tokenizer sentencePiece(FolderConfig config) {
    SentencePieceFile file =
        SentencePieceFile.read(JsonFile.bytes(folder.resolve(SENTENCE_PIECE), MAX_MODEL_BYTES));
    List<String> pieces = new ArrayList<>(file.pieces());
    List<Float> scores = new ArrayList<>(file.scores());
    List<Kind> kinds = new ArrayList<>(file.kinds());
    for (AddedToken token : config.addedTokens()) {
      if (token.id() < 0 || token.id() >= MAX_TOKENS) {
        throw new IllegalArgumentException(
            "the added token %s has the id %d, expected 0 to %d"
                .formatted(token.spelling(), token.id(), MAX_TOKENS - 1));
      }
      pad(pieces, scores, kinds, token.id() + 1);
      boolean isNew = token.id() >= file.pieces().size();
      if (isNew || token.control() && kinds.get(token.id()) == Kind.NORMAL) {
        pieces.set(token.id(), token.spelling());
        kinds.set(token.id(), token.control() ? Kind.CONTROL : Kind.USER_DEFINED);
      }
    }
    // The embedding may have more rows than there are tokens.
    pad(pieces, scores, kinds, config.vocabSize());
    OptionalInt bos = config.bos().map(text -> find(pieces, text)).orElseGet(file::bos);
    OptionalInt eos = config.eos().map(text -> find(pieces, text)).orElseGet(file::eos);
    Set<Integer> ends = new HashSet<>(config.endOfGeneration());
    ends.removeIf(id -> id < 0 || id >= pieces.size());
    eos.ifPresent(ends::add);
    return new SpmTokenizer(
        new SpmVocabulary(
            pieces,
            scores,
            kinds,
            file.unknown(),
            bos,
            eos,
            ends,
            config.addBos().orElse(true),
            config.addEos().orElse(false),
            file.addsSpacePrefix()));
  }

  private static OptionalInt find(List<String> pieces, String spelling) {
    int id = pieces.indexOf(spelling);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  private static void pad(List<String> pieces, List<Float> scores, List<Kind> kinds, int size) {
    while (pieces.size() < size) {
      pieces.add("");
      scores.add(0f);
      kinds.add(Kind.UNUSED);
    }
  }
}
