package io.millrace.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the small files of a Hugging Face model folder say about its tokens.
 *
 * @param bos spelling of the beginning-of-sequence token
 * @param eos spelling of the end-of-sequence token
 * @param addBos whether prompts begin with {@code bos}; empty for what the tokenizer says
 * @param addEos whether prompts end with {@code eos}; empty for what the tokenizer says
 * @param endOfGeneration ids that end a generation
 * @param addedTokens beyond those in the tokenizer's own file
 * @param vocabSize rows of the model's embedding, which may be padded; 0 when there is no model
 */
record FolderConfig(
    Optional<String> bos,
    Optional<String> eos,
    Optional<Boolean> addBos,
    Optional<Boolean> addEos,
    Set<Integer> endOfGeneration,
    List<AddedToken> addedTokens,
    int vocabSize) {
  private static final int MAX_BYTES = 16 << 20;
  private static final int MAX_TOKENS = 300_000;

  static FolderConfig read(Path folder) {
    ObjectNode tokenizer = json(folder, "tokenizer_config.json");
    ObjectNode special = json(folder, "special_tokens_map.json");
    ObjectNode model = json(folder, "config.json");
    ObjectNode generation = json(folder, "generation_config.json");
    Set<Integer> ends = new HashSet<>();
    addIds(model.path("eos_token_id"), ends);
    addIds(model.path("text_config").path("eos_token_id"), ends);
    addIds(generation.path("eos_token_id"), ends);
    boolean decides = decidesOnEnds(tokenizer.path("tokenizer_class").asText());
    return new FolderConfig(
        spelling(tokenizer, special, "bos_token"),
        spelling(tokenizer, special, "eos_token"),
        flag(tokenizer, "add_bos_token").filter(add -> decides),
        flag(tokenizer, "add_eos_token").filter(add -> decides),
        Set.copyOf(ends),
        addedTokens(tokenizer.path("added_tokens_decoder")),
        Math.clamp(model.path("vocab_size").asInt(0), 0, MAX_TOKENS));
  }

  /** Transformers' other fast tokenizers leave that to the tokenizer's own file. */
  private static boolean decidesOnEnds(String tokenizerClass) {
    return tokenizerClass.isEmpty()
        || tokenizerClass.contains("Llama")
        || tokenizerClass.contains("Gemma")
        || tokenizerClass.contains("Cohere");
  }

  private static Optional<String> spelling(ObjectNode first, ObjectNode second, String name) {
    return spelling(first.path(name)).or(() -> spelling(second.path(name)));
  }

  /** A string, or an object that describes an added token. */
  private static Optional<String> spelling(JsonNode token) {
    JsonNode text = token.isObject() ? token.path("content") : token;
    return text.isTextual() ? Optional.of(text.textValue()) : Optional.empty();
  }

  private static Optional<Boolean> flag(ObjectNode json, String name) {
    JsonNode flag = json.path(name);
    return flag.isBoolean() ? Optional.of(flag.booleanValue()) : Optional.empty();
  }

  private static void addIds(JsonNode ids, Set<Integer> into) {
    if (ids.isInt()) {
      into.add(ids.intValue());
    }
    ids.forEach(id -> {
      if (id.isInt()) {
        into.add(id.intValue());
      }
    });
  }

  private static List<AddedToken> addedTokens(JsonNode byId) {
    List<AddedToken> tokens = new ArrayList<>();
    byId.properties()
        .forEach(entry -> {
          try {
            tokens.add(AddedToken.read(Integer.parseInt(entry.getKey()), entry.getValue()));
          } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                "tokenizer_config.json: added_tokens_decoder has the id %s, expected a number"
                    .formatted(entry.getKey()),
                e);
          }
        });
    return tokens;
  }

  private static ObjectNode json(Path folder, String name) {
    try {
      return JsonFile.readIfThere(folder.resolve(name), MAX_BYTES);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }
}
