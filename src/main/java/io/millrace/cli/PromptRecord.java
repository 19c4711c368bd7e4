package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.record.PromptParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A prompt as it is published. It is not checked here: the router does that, for every client.
 *
 * @param id the record's key
 * @param json the record's value
 */
record PromptRecord(String id, byte[] json) {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** What Jackson adds for programmers. */
  private static final Pattern NOTE =
      Pattern.compile(" \\((start marker|for |through |bound as ).*", Pattern.DOTALL);

  /** A prompt of this text. */
  static PromptRecord text(String id, String text, PromptOptions options) {
    ObjectNode prompt = MAPPER.createObjectNode();
    prompt.put("id", id);
    prompt.put("prompt", text);
    options.addTo(prompt);
    return new PromptRecord(id, bytes(prompt));
  }

  /**
   * A prompt of a conversation.
   *
   * @param id empty: its own, or a new one
   * @param json an array of messages, or an object that holds them and other fields of a prompt
   * @throws IllegalArgumentException when it is neither
   */
  static PromptRecord conversation(Optional<String> id, String json, PromptOptions options) {
    ObjectNode prompt =
        switch (tree(json)) {
          case ArrayNode messages -> MAPPER.createObjectNode().set("messages", messages);
          case ObjectNode fields -> fields;
          case JsonNode other ->
              throw new IllegalArgumentException(
                  "is JSON of type %s, expected an array of messages or an object with messages"
                      .formatted(other.getNodeType().name().toLowerCase(Locale.ROOT)));
        };
    String key = id.orElseGet(() -> id(prompt));
    if (id.isPresent() || !prompt.has("id")) {
      prompt.put("id", key);
    }
    options.addTo(prompt);
    return new PromptRecord(key, bytes(prompt));
  }

  private static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "is no valid JSON: %s, line %d, column %d"
              .formatted(
                  NOTE.matcher(e.getOriginalMessage()).replaceFirst(""),
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr()),
          e);
    }
  }

  /**
   * A prompt of one line: a JSON object where it begins with a brace, else plain text. JSON keeps
   * its bytes unless options fill something in; the id is its own, or a new one.
   *
   * @throws CharacterCodingException when text is not UTF-8
   */
  static PromptRecord line(byte[] line, PromptOptions options) throws CharacterCodingException {
    if (line.length == 0 || line[0] != '{') {
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
      return text(newId(), text, options);
    }
    try {
      if (MAPPER.readTree(line) instanceof ObjectNode prompt) {
        String id = id(prompt);
        options.addTo(prompt);
        return new PromptRecord(id, options.isEmpty() ? line : bytes(prompt));
      }
    } catch (IOException e) {
      // The router says what is wrong with it, as it does to every client.
    }
    return new PromptRecord(newId(), line);
  }

  static String newId() {
    return UUID.randomUUID().toString();
  }

  /** The router answers a prompt without a usable id under its key. */
  private static String id(ObjectNode prompt) {
    JsonNode id = prompt.path("id");
    return id.isTextual() && PromptParser.isId(id.textValue()) ? id.textValue() : newId();
  }

  private static byte[] bytes(ObjectNode prompt) {
    return prompt.toString().getBytes(UTF_8);
  }
}
