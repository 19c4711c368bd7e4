package io.millrace.weights;

import io.millrace.text.chat.ChatTemplate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The chat templates in the metadata of a GGUF file: one, and others with names. */
final class GgufChatTemplate {
  private static final String KEY = "tokenizer.chat_template";
  private static final String NAMES_KEY = "tokenizer.chat_templates";
  private static final int MAX_BYTES = 4 << 20;
  private static final int MAX_NAMES = 64;

  /** Names of the variables that templates print, and of the keys of their ids. */
  private static final Map<String, String> SPECIAL_TOKENS =
      Map.of(
          "bos_token", "tokenizer.ggml.bos_token_id",
          "eos_token", "tokenizer.ggml.eos_token_id",
          "unk_token", "tokenizer.ggml.unknown_token_id",
          "pad_token", "tokenizer.ggml.padding_token_id");

  private final GgufVocabulary vocabulary;
  private final GgufMetadata metadata;

  GgufChatTemplate(GgufFile gguf) {
    this.vocabulary = new GgufVocabulary(gguf);
    this.metadata = gguf.metadata();
  }

  Optional<ChatTemplate> find() {
    Map<String, String> sources = new HashMap<>();
    metadata.text(KEY, MAX_BYTES).ifPresent(source -> sources.put("default", source));
    if (metadata.has(NAMES_KEY)) {
      for (String name : metadata.texts(NAMES_KEY, MAX_NAMES, MAX_BYTES)) {
        metadata.text(KEY + "." + name, MAX_BYTES).ifPresent(source -> sources.put(name, source));
      }
    }
    return sources.isEmpty()
        ? Optional.empty()
        : Optional.of(new ChatTemplate(sources, specialTokens()));
  }

  private Map<String, String> specialTokens() {
    List<String> pieces = vocabulary.size() == 0 ? List.of() : vocabulary.pieces();
    Map<String, String> spellings = new HashMap<>();
    SPECIAL_TOKENS.forEach((name, key) ->
        metadata
            .integer(key)
            .ifPresent(id -> {
              if (id >= 0 && id < pieces.size()) {
                spellings.put(name, pieces.get((int) id));
              }
            }));
    return spellings;
  }
}
