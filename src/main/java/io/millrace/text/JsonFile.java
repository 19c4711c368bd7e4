package io.millrace.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of a model folder, with bounds on what they may take. */
public final class JsonFile {
  private static final int MAX_DEPTH = 64;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonFile() {}

  /** The object in a file; an empty one when there is no such file. */
  public static ObjectNode readIfThere(Path file, long maxBytes) {
    return Files.exists(file) ? read(file, maxBytes) : JsonNodeFactory.instance.objectNode();
  }

  /**
   * The object in a file.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static ObjectNode read(Path file, long maxBytes) {
    return parse(text(file, maxBytes));
  }

  /**
   * The object in a JSON text.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static ObjectNode parse(String json) {
    try {
      if (MAPPER.readTree(json) instanceof ObjectNode object) {
        return object;
      }
      throw new IllegalArgumentException("holds no JSON object");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * The text in a file.
   *
   * @throws IllegalArgumentException when it is not UTF-8, or too long
   */
  public static String text(Path file, long maxBytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes(file, maxBytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("is not valid UTF-8", e);
    }
  }

  /**
   * The bytes of a file.
   *
   * @throws IllegalArgumentException when there are too many
   */
  public static ByteBuffer bytes(Path file, long maxBytes) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException("is no regular file");
      }
      long size = Files.size(file);
      if (size > maxBytes) {
        throw new IllegalArgumentException(
            "is %d bytes long, expected at most %d".formatted(size, maxBytes));
      }
      return ByteBuffer.wrap(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }
}
