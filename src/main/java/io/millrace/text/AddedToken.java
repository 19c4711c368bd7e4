package io.millrace.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * A token that a {@code tokenizer.json} or {@code tokenizer_config.json} adds to the vocabulary.
 *
 * @param token how it is found
 * @param control whether it has a meaning for the model and no text
 * @param json as the file has it
 */
record AddedToken(SpecialToken token, boolean control, ObjectNode json) {
  private static final byte[] NOTHING = {};

  static AddedToken read(int id, JsonNode json) {
    if (!(json instanceof ObjectNode object) || !json.path("content").isTextual()) {
      throw new IllegalArgumentException(
          "the added token %d has no content, expected an object with a string".formatted(id));
    }
    SpecialToken token =
        new SpecialToken(
            id,
            json.get("content").textValue(),
            json.path("lstrip").asBoolean(),
            json.path("rstrip").asBoolean(),
            json.path("single_word").asBoolean());
    return new AddedToken(token, json.path("special").asBoolean(), object);
  }

  int id() {
    return token.id();
  }

  String spelling() {
    return token.spelling();
  }

  /** Whether it is text that no template gives a meaning: runs of spaces, as code has them. */
  boolean isBlank() {
    return !control && spelling().replace('▁', ' ').isBlank();
  }

  byte[] bytes() {
    return control ? NOTHING : spelling().getBytes(StandardCharsets.UTF_8);
  }
}
