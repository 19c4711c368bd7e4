package io.millrace.weights;

import io.millrace.text.BpeTokenizer;
import io.millrace.text.BpeVocabulary;
import io.millrace.text.PreTokenizer;
import io.millrace.text.SpmTokenizer;
import io.millrace.text.SpmVocabulary;
import io.millrace.text.SpmVocabulary.Kind;
import io.millrace.text.Tokenizer;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** The vocabulary in the metadata of a GGUF file. Defaults are llama.cpp's. */
final class GgufVocabulary {
  private static final String TOKENS_KEY = "tokenizer.ggml.tokens";
  private static final String MODEL_KEY = "tokenizer.ggml.model";

  private static final String PRE_TOKENIZER_KEY = "tokenizer.ggml.pre";
  private static final String TYPES_KEY = "tokenizer.ggml.token_type";
  private static final String SPM = "llama";
  private static final String BYTE_LEVEL_BPE = "gpt2";

  /** The largest common vocabulary, Gemma's, has 262,144. */
  private static final int MAX_TOKENS = 300_000;

  /** Llama 3 has 280,147 merges, Llama 4 439,802. */
  private static final int MAX_MERGES = 1_000_000;

  /** Of all tokens, or of all merges, with 8 bytes for the length of each. */
  private static final int MAX_TEXTS_BYTES = 1 << 25;

  private static final int NO_DEFAULT = Integer.MAX_VALUE;

  /** How an id of -1, "there is no such token", looks in an unsigned value. */
  private static final long NO_TOKEN = 0xffff_ffffL;

  /**
   * Spellings of tokens that end a turn, a message or a file; fine-tuned models often name no id
   * for theirs. The list is llama.cpp's.
   */
  private static final Set<String> ENDS =
      Set.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<|eom_id|>",
          "<EOT>",
          "_<EOT>",
          "<end_of_utterance>",
          "<｜end▁of▁sentence｜>",
          "<|fim_pad|>",
          "<|fim_repo|>",
          "<|repo_name|>",
          "<|file_sep|>");

  private final GgufFile gguf;
  private final GgufMetadata metadata;

  GgufVocabulary(GgufFile gguf) {
    this.gguf = gguf;
    this.metadata = gguf.metadata();
  }

  /** What kind of tokenizer it is for, in words; empty when there is none. */
  Optional<String> kind() {
    return metadata
        .label(MODEL_KEY)
        .map(model ->
            switch (model) {
              case SPM -> "SentencePiece";
              case BYTE_LEVEL_BPE -> "byte-level BPE";
              default -> model;
            });
  }

  int size() {
    return metadata.size(TOKENS_KEY).orElse(0);
  }

  Tokenizer tokenizer() {
    String model =
        metadata
            .label(MODEL_KEY)
            .orElseThrow(() -> metadata.problem("has no tokenizer: no metadata " + MODEL_KEY));
    try {
      return switch (model) {
        case SPM -> new SpmTokenizer(spm());
        case BYTE_LEVEL_BPE -> BpeTokenizer.of(bpe());
        default ->
            throw metadata.problem(
                "has a tokenizer of the kind %s, which this build cannot use, expected %s (SentencePiece) or %s (byte-level BPE)"
                    .formatted(model, SPM, BYTE_LEVEL_BPE));
      };
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(gguf.file(), e.getMessage(), e);
    }
  }

  private SpmVocabulary spm() {
    List<String> pieces = pieces();
    List<Kind> kinds = kinds(pieces.size());
    return new SpmVocabulary(
        pieces,
        metadata.floats("tokenizer.ggml.scores", MAX_TOKENS),
        kinds,
        token("unknown_token_id", 0, pieces.size()).orElse(0),
        token("bos_token_id", 1, pieces.size()),
        token("eos_token_id", 2, pieces.size()),
        endOfGeneration(token("eos_token_id", 2, pieces.size()), pieces, kinds),
        metadata.flag("tokenizer.ggml.add_bos_token").orElse(true),
        metadata.flag("tokenizer.ggml.add_eos_token").orElse(false),
        metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true));
  }

  private BpeVocabulary bpe() {
    List<String> pieces = pieces();
    List<Kind> kinds = kinds(pieces.size());
    PreTokenizer preTokenizer = preTokenizer();
    OptionalInt eos = token("eos_token_id", NO_DEFAULT, pieces.size());
    return new BpeVocabulary(
        pieces,
        kinds,
        metadata.texts("tokenizer.ggml.merges", MAX_MERGES, MAX_TEXTS_BYTES),
        preTokenizer,
        token("bos_token_id", NO_DEFAULT, pieces.size()),
        eos,
        endOfGeneration(eos, pieces, kinds),
        metadata.flag("tokenizer.ggml.add_bos_token").orElse(preTokenizer.addsBos()),
        metadata.flag("tokenizer.ggml.add_eos_token").orElse(false));
  }

  /** Files from before the key was there are read as llama.cpp reads them. */
  private PreTokenizer preTokenizer() {
    Optional<String> name = metadata.label(PRE_TOKENIZER_KEY);
    if (name.isEmpty()) {
      return PreTokenizer.DEFAULT;
    }
    return PreTokenizer.named(name.get())
        .orElseThrow(() ->
            metadata.problem(
                "metadata %s is %s, which this build does not know, expected one of %s"
                    .formatted(
                        PRE_TOKENIZER_KEY,
                        name.get(),
                        PreTokenizer.names().collect(Collectors.joining(", ")))));
  }

  /** Spellings of all tokens. */
  List<String> pieces() {
    return metadata.texts(TOKENS_KEY, MAX_TOKENS, MAX_TEXTS_BYTES);
  }

  /** All normal where the file does not say. */
  private List<Kind> kinds(int tokens) {
    return metadata.has(TYPES_KEY) ? kinds() : Collections.nCopies(tokens, Kind.NORMAL);
  }

  private List<Kind> kinds() {
    Kind[] kinds = Kind.values();
    return metadata.integers(TYPES_KEY, MAX_TOKENS).stream()
        .map(number -> {
          if (number < 1 || number > kinds.length) {
            throw metadata.problem(
                "metadata %s has type %d, expected 1 to %d"
                    .formatted(TYPES_KEY, number, kinds.length));
          }
          return kinds[number - 1];
        })
        .toList();
  }

  /** A special token's id: the file's, else the default where the vocabulary reaches that far. */
  private OptionalInt token(String name, int byDefault, int size) {
    String key = "tokenizer.ggml." + name;
    OptionalLong id = metadata.integer(key);
    if (id.isEmpty()) {
      return byDefault < size ? OptionalInt.of(byDefault) : OptionalInt.empty();
    }
    return id.getAsLong() == -1 || id.getAsLong() == NO_TOKEN
        ? OptionalInt.empty()
        : metadata.integer(key, 0, size - 1);
  }

  private Set<Integer> endOfGeneration(OptionalInt eos, List<String> pieces, List<Kind> kinds) {
    Set<Integer> tokens = new HashSet<>();
    eos.ifPresent(tokens::add);
    for (String name : List.of("eot_token_id", "eom_token_id")) {
      token(name, NO_DEFAULT, pieces.size()).ifPresent(tokens::add);
    }
    for (int id = 0; id < Math.min(pieces.size(), kinds.size()); id++) {
      boolean special = kinds.get(id) == Kind.CONTROL || kinds.get(id) == Kind.USER_DEFINED;
      if (special && ENDS.contains(pieces.get(id))) {
        tokens.add(id);
      }
    }
    return tokens;
  }
}
