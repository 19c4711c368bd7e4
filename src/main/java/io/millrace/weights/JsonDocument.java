package io.millrace.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A JSON object out of a file of a model, by key. A value's type and range are checked when it is
 * asked for; {@code null} stands for a value that is not there, as in Python.
 */
final class JsonDocument {
  /** How JSON out of a model may look: bounds of the time and the heap that it can take. */
  static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(64)
                  .maxNameLength(1024)
                  .maxStringLength(1 << 20)
                  .maxNumberLength(100)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private static final ObjectMapper MAPPER =
      new ObjectMapper(FACTORY).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final int MAX_BYTES = 2 << 20;

  private final Path file;
  private final String prefix;
  private final JsonNode object;

  private JsonDocument(Path file, String prefix, JsonNode object) {
    this.file = file;
    this.prefix = prefix;
    this.object = object;
  }

  /** Reads a file of at most 2 MiB. */
  static JsonDocument read(Path path) {
    return read(path, MAX_BYTES);
  }

  /**
   * Reads a file.
   *
   * @throws CheckpointException when it is missing, too long or no JSON object
   */
  static JsonDocument read(Path path, int maxBytes) {
    try (ModelFile file = ModelFile.open(path, "a JSON file")) {
      if (file.size() > maxBytes) {
        throw file.problem("is %d bytes long, expected at most %d", file.size(), maxBytes);
      }
      return parse(path, file.read(0, (int) file.size()));
    }
  }

  static JsonDocument parse(Path path, ByteBuffer json) {
    try {
      JsonNode root =
          MAPPER.readTree(json.array(), json.arrayOffset() + json.position(), json.remaining());
      if (!root.isObject()) {
        throw new CheckpointException(path, "is no JSON object");
      }
      return new JsonDocument(path, "", root);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(path, "is no valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot be read: " + e.getMessage(), e);
    }
  }

  Path file() {
    return file;
  }

  boolean has(String key) {
    return find(key).isPresent();
  }

  Optional<String> text(String key) {
    return find(key).map(value -> value.isTextual() ? value.textValue() : fail(key, "a string"));
  }

  OptionalInt integer(String key, int least, int most) {
    Optional<Integer> found = find(key).map(value -> toInteger(key, value, least, most));
    return found.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  private int toInteger(String key, JsonNode value, int least, int most) {
    // Some converters write 4096.0 for 4096.
    boolean whole = value.isNumber() && value.doubleValue() == Math.rint(value.doubleValue());
    if (!whole || value.doubleValue() < least || value.doubleValue() > most) {
      fail(key, "an integer from %d to %d".formatted(least, most));
    }
    return (int) value.doubleValue();
  }

  /** An integer of at least 1 that must be there. */
  int required(String key, int most) {
    return integer(key, 1, most).orElseThrow(() -> problem("has no " + prefix + key));
  }

  Optional<Double> real(String key) {
    return find(key).map(value -> value.isNumber() ? value.doubleValue() : fail(key, "a number"));
  }

  double requiredReal(String key) {
    return real(key).orElseThrow(() -> problem("has no " + prefix + key));
  }

  Optional<Boolean> flag(String key) {
    return find(key)
        .map(value -> value.isBoolean() ? value.booleanValue() : fail(key, "true or false"));
  }

  Optional<JsonDocument> object(String key) {
    return find(key)
        .map(value ->
            value.isObject()
                ? new JsonDocument(file, prefix + key + ".", value)
                : fail(key, "an object"));
  }

  /** The numbers of an array. */
  Optional<float[]> reals(String key, int most) {
    return find(key)
        .map(value -> {
          if (!value.isArray() || value.size() > most) {
            return fail(key, "a list of at most %d numbers".formatted(most));
          }
          float[] reals = new float[value.size()];
          for (int i = 0; i < reals.length; i++) {
            reals[i] = value.get(i).isNumber() ? value.get(i).floatValue() : Float.NaN;
          }
          return reals;
        });
  }

  /** All entries of this object, whose values must be strings. */
  Map<String, String> allTexts() {
    Map<String, String> texts = new LinkedHashMap<>();
    object
        .properties()
        .forEach(entry -> texts.put(entry.getKey(), text(entry.getKey()).orElse("")));
    return texts;
  }

  /** The strings of an array. */
  Optional<List<String>> texts(String key, int most) {
    return find(key)
        .map(value -> {
          if (!value.isArray() || value.size() > most) {
            return fail(key, "a list of at most %d strings".formatted(most));
          }
          return value
              .valueStream()
              .map(text -> text.isTextual() ? text.textValue() : fail(key, "a list of strings"))
              .map(String.class::cast)
              .toList();
        });
  }

  /** The object of a key; empty also when the value is {@code true} or {@code false}. */
  Optional<JsonDocument> objectOrFlag(String key) {
    return find(key).filter(JsonNode::isBoolean).isPresent() ? Optional.empty() : object(key);
  }

  CheckpointException problem(String problem) {
    return new CheckpointException(file, problem);
  }

  private Optional<JsonNode> find(String key) {
    return Optional.ofNullable(object.get(key)).filter(value -> !value.isNull());
  }

  private <T> T fail(String key, String expected) {
    String found = object.get(key).toString();
    throw problem(
        "%s%s is %s, expected %s"
            .formatted(
                prefix,
                key,
                found.length() > 80 ? found.substring(0, 80) + "..." : found,
                expected));
  }
}
