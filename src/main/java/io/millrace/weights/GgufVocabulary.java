package io.millrace.weights;

import io.millrace.text.SpmTokenizer;
import io.millrace.text.SpmVocabulary;
import io.millrace.text.SpmVocabulary.Kind;
import io.millrace.text.Tokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The vocabulary in the metadata of a GGUF file. Defaults are llama.cpp's. */
final class GgufVocabulary {
  private static final String TOKENS_KEY = "tokenizer.ggml.tokens";
  private static final String MODEL_KEY = "tokenizer.ggml.model";

  private static final String TYPES_KEY = "tokenizer.ggml.token_type";
  private static final String SPM = "llama";
  private static final String BYTE_LEVEL_BPE = "gpt2";

  /** The largest common vocabulary, Gemma's, has 262,144. */
  private static final int MAX_TOKENS = 300_000;

  private static final int MAX_TOKENS_BYTES = 1 << 24;

  /** How an id of -1, "there is no such token", looks in an unsigned value. */
  private static final long NO_TOKEN = 0xffff_ffffL;

  /** Spellings of tokens that end a turn; fine-tuned models often name no id for theirs. */
  private static final Set<String> END_OF_TURN =
      Set.of("<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eot_id|>", "<EOT>");

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
    if (!model.equals(SPM)) {
      throw metadata.problem(
          "has a tokenizer of the kind %s, which this build cannot use, expected %s (SentencePiece)"
              .formatted(model, SPM));
    }
    try {
      return new SpmTokenizer(spm());
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(gguf.file(), e.getMessage(), e);
    }
  }

  private SpmVocabulary spm() {
    List<String> pieces = metadata.texts(TOKENS_KEY, MAX_TOKENS, MAX_TOKENS_BYTES);
    List<Kind> kinds = kinds();
    return new SpmVocabulary(
        pieces,
        metadata.floats("tokenizer.ggml.scores", MAX_TOKENS),
        kinds,
        token("unknown_token_id", 0, pieces.size()).orElse(0),
        token("bos_token_id", 1, pieces.size()),
        endOfGeneration(pieces, kinds),
        metadata.flag("tokenizer.ggml.add_bos_token").orElse(true),
        metadata.flag("tokenizer.ggml.add_space_prefix").orElse(true));
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

  private Set<Integer> endOfGeneration(List<String> pieces, List<Kind> kinds) {
    Set<Integer> tokens = new HashSet<>();
    token("eos_token_id", 2, pieces.size()).ifPresent(tokens::add);
    for (String name : List.of("eot_token_id", "eom_token_id")) {
      token(name, Integer.MAX_VALUE, pieces.size()).ifPresent(tokens::add);
    }
    for (int id = 0; id < Math.min(pieces.size(), kinds.size()); id++) {
      boolean special = kinds.get(id) == Kind.CONTROL || kinds.get(id) == Kind.USER_DEFINED;
      if (special && END_OF_TURN.contains(pieces.get(id))) {
        tokens.add(id);
      }
    }
    return tokens;
  }
}
