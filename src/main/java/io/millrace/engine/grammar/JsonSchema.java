package io.millrace.engine.grammar;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A schema, or a part of one: typed access to its keywords. Only known keywords are let through, so
 * that none is silently ignored.
 *
 * @param node an object, or true or false
 * @param path JSON pointer, for messages
 */
record JsonSchema(JsonNode node, String path) {
  private static final int MAX_CHARS = 64 * 1024;
  private static final int MAX_DEPTH = 32;
  private static final int MAX_SCALE = 40;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** They say nothing about what is valid. */
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$comment",
          "title",
          "description",
          "default",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly");

  /** The keywords that constrain values of a type. */
  private static final Map<String, Set<String>> OF_TYPE =
      Map.of(
          "object", Set.of("properties", "required", "additionalProperties"),
          "array", Set.of("items", "minItems", "maxItems"),
          "string", Set.of("minLength", "maxLength"),
          "number", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"));

  private static final Set<String> ALONE = Set.of("anyOf", "$ref", "const", "enum");
  private static final Set<String> DEFINITIONS = Set.of("$defs", "definitions");

  /**
   * @throws SchemaException when the text is no JSON, too large, or neither object nor boolean
   */
  static JsonSchema parse(String text) {
    if (text.length() > MAX_CHARS) {
      throw new SchemaException(
          "the schema has %d characters, expected at most %d".formatted(text.length(), MAX_CHARS));
    }
    try {
      return new JsonSchema(JSON.readTree(text), "#");
    } catch (JsonProcessingException e) {
      throw new SchemaException("the schema is not valid JSON: " + e.getOriginalMessage());
    }
  }

  /**
   * Checks that every keyword is known and where it may be.
   *
   * @throws SchemaException naming the one that is not
   */
  void check() {
    if (path.chars().filter(c -> c == '/').count() > 2 * MAX_DEPTH) {
      throw error("it is nested more than %d levels deep".formatted(MAX_DEPTH));
    }
    if (!node.isObject()) {
      throw error("it is %s, expected an object, true or false".formatted(node.getNodeType()));
    }
    List<String> alone = names().filter(ALONE::contains).toList();
    for (String name : names().toList()) {
      boolean isOfType = OF_TYPE.values().stream().anyMatch(names -> names.contains(name));
      boolean isKnown = name.equals("type") || isOfType || ALONE.contains(name);
      if (!isKnown && !ANNOTATIONS.contains(name) && !DEFINITIONS.contains(name)) {
        throw error(
            "keyword \"%s\" is not supported; supported are type, enum, const, anyOf, $ref, $defs, %s"
                .formatted(
                    name,
                    String.join(
                        ", ", OF_TYPE.values().stream().flatMap(Set::stream).sorted().toList())));
      }
      boolean besideAlone = !alone.isEmpty() && isKnown && !name.equals(alone.getFirst());
      boolean typeOfValues = name.equals("type") && (has("enum") || has("const"));
      if (besideAlone && !typeOfValues) {
        throw error("\"%s\" beside \"%s\" is not supported".formatted(name, alone.getFirst()));
      }
    }
  }

  private Stream<String> names() {
    return node.properties().stream().map(Map.Entry::getKey);
  }

  boolean has(String keyword) {
    return node.has(keyword);
  }

  /** Whether a keyword is there that constrains values of the type. */
  boolean hasKeywordOf(String type) {
    return OF_TYPE.get(type).stream().anyMatch(this::has);
  }

  JsonSchema part(String keyword) {
    return new JsonSchema(node.get(keyword), path + "/" + keyword);
  }

  /** The schemas of an object by name, in its order. */
  List<Map.Entry<String, JsonSchema>> named(String keyword) {
    JsonNode object = node.path(keyword);
    if (!object.isObject() && has(keyword)) {
      throw error("%s is no object".formatted(keyword));
    }
    return object.properties().stream()
        .map(entry ->
            Map.entry(
                entry.getKey(),
                new JsonSchema(entry.getValue(), path + "/" + keyword + "/" + escaped(entry))))
        .toList();
  }

  private static String escaped(Map.Entry<String, JsonNode> entry) {
    return entry.getKey().replace("~", "~0").replace("/", "~1");
  }

  /** The elements of an array, at least one. */
  List<JsonNode> elements(String keyword) {
    JsonNode array = node.get(keyword);
    if (!array.isArray() || array.isEmpty()) {
      throw error("%s is no array with elements".formatted(keyword));
    }
    return array.valueStream().toList();
  }

  /** Strings in an array; none when it is not there. */
  List<String> texts(String keyword) {
    if (!has(keyword)) {
      return List.of();
    }
    JsonNode array = node.get(keyword);
    if (!array.isArray() || !array.valueStream().allMatch(JsonNode::isTextual)) {
      throw error("%s is no array of strings".formatted(keyword));
    }
    return array.valueStream().map(JsonNode::textValue).toList();
  }

  /** A number of items or characters. */
  OptionalInt count(String keyword) {
    if (!has(keyword)) {
      return OptionalInt.empty();
    }
    JsonNode number = node.get(keyword);
    if (!number.isIntegralNumber() || number.bigIntegerValue().signum() < 0) {
      throw error("%s is %s, expected a whole number, 0 or more".formatted(keyword, number));
    }
    boolean isSmall = number.bigIntegerValue().bitLength() < Integer.SIZE;
    return OptionalInt.of(isSmall ? number.intValue() : Integer.MAX_VALUE - 1);
  }

  /**
   * A bound of a number.
   *
   * @throws SchemaException when it is no number, or has so many digits that it takes long
   */
  BigDecimal bound(String keyword) {
    JsonNode number = node.get(keyword);
    if (!number.isNumber()) {
      throw error("%s is %s, expected a number".formatted(keyword, number));
    }
    BigDecimal bound = number.decimalValue();
    if (Math.abs((long) bound.scale()) > MAX_SCALE || bound.precision() > MAX_SCALE) {
      throw error("%s has more than %d digits".formatted(keyword, MAX_SCALE));
    }
    return bound;
  }

  SchemaException error(String message) {
    return new SchemaException("the schema at %s: %s".formatted(path, message));
  }
}
