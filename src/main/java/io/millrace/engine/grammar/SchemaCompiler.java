package io.millrace.engine.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.millrace.engine.grammar.NumberSymbols.Bounds;
import io.millrace.engine.grammar.Symbol.Repeat;
import io.millrace.engine.grammar.Symbol.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns a JSON schema into a grammar of texts that are valid by it: not of all of them. Members
 * come in the order of {@code properties}; further ones only where {@code additionalProperties}
 * asks for them. What the grammar cannot express is refused by name.
 */
final class SchemaCompiler {
  private static final List<String> TYPES =
      List.of("object", "array", "string", "integer", "number", "boolean", "null");

  private static final int MAX_OPEN_REFERENCES = 64;
  private static final int MAX_NAME = 256;

  private final Symbols symbols = new Symbols();
  private final JsonSymbols json = new JsonSymbols(symbols);
  private final NumberSymbols numbers = new NumberSymbols(symbols, json);
  private final JsonSchema root;
  private final Map<String, Rule> references = new HashMap<>();
  private int openReferences;

  private SchemaCompiler(JsonSchema root) {
    this.root = root;
  }

  /**
   * The grammar of a schema.
   *
   * @throws SchemaException when it asks for what is not supported, or nothing is valid by it
   */
  static Symbol compile(String schema) {
    SchemaCompiler compiler = new SchemaCompiler(JsonSchema.parse(schema));
    return compiler.symbols.finish(compiler.reference("#"));
  }

  /** The grammar of any object. */
  static Symbol anyObject() {
    Symbols symbols = new Symbols();
    return symbols.finish(new JsonSymbols(symbols).anyObject());
  }

  /** What a {@code $ref} stands for; compiled once, so that schemas may contain themselves. */
  private Symbol reference(String pointer) {
    Rule known = references.get(pointer);
    if (known != null) {
      return known;
    }
    Rule rule = symbols.rule();
    references.put(pointer, rule);
    if (++openReferences > MAX_OPEN_REFERENCES) {
      throw new SchemaException(
          "more than %d $ref lead from one to the next".formatted(MAX_OPEN_REFERENCES));
    }
    rule.define(schema(target(pointer)));
    openReferences--;
    return rule;
  }

  private JsonSchema target(String pointer) {
    if (pointer.equals("#")) {
      return root;
    }
    if (!pointer.startsWith("#/$defs/") && !pointer.startsWith("#/definitions/")) {
      throw new SchemaException(
          "$ref %s is not supported, expected #, #/$defs/… or #/definitions/…"
              .formatted(TextNode.valueOf(pointer)));
    }
    JsonNode target = root.node().at(pointer.substring(1));
    if (target.isMissingNode()) {
      throw new SchemaException("$ref %s leads nowhere".formatted(TextNode.valueOf(pointer)));
    }
    return new JsonSchema(target, pointer);
  }

  private Symbol schema(JsonSchema schema) {
    if (schema.node().isBoolean()) {
      if (!schema.node().booleanValue()) {
        throw schema.error("nothing is valid by false");
      }
      return json.value();
    }
    schema.check();
    if (schema.has("$ref")) {
      JsonNode pointer = schema.node().get("$ref");
      return reference(pointer.asText());
    }
    if (schema.has("anyOf")) {
      return anyOf(schema);
    }
    if (schema.has("const")) {
      return values(schema, List.of(schema.node().get("const")));
    }
    if (schema.has("enum")) {
      return values(schema, schema.elements("enum"));
    }
    List<Symbol> alternatives = new ArrayList<>();
    for (String type : types(schema)) {
      alternatives.add(ofType(type, schema));
    }
    return alternatives.isEmpty() ? json.value() : symbols.choice(alternatives);
  }

  private Symbol anyOf(JsonSchema schema) {
    List<JsonNode> parts = schema.elements("anyOf");
    List<Symbol> alternatives = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      alternatives.add(schema(new JsonSchema(parts.get(i), schema.path() + "/anyOf/" + i)));
    }
    return symbols.choice(alternatives);
  }

  /** These values, as far as they have a type that the schema allows. */
  private Symbol values(JsonSchema schema, List<JsonNode> values) {
    List<String> types = schema.has("type") ? types(schema) : TYPES;
    List<String> texts =
        values.stream()
            .filter(value -> types.stream().anyMatch(type -> isOfType(value, type)))
            .map(JsonNode::toString)
            .toList();
    if (texts.isEmpty()) {
      throw schema.error("no value has the type that it asks for");
    }
    return symbols.oneOf(texts);
  }

  private static boolean isOfType(JsonNode value, String type) {
    return switch (type) {
      case "integer" -> value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
      default -> value.getNodeType().name().equalsIgnoreCase(type);
    };
  }

  /** The types that it names; else those of which it has keywords. */
  private static List<String> types(JsonSchema schema) {
    if (!schema.has("type")) {
      return List.of("object", "array", "string", "number").stream()
          .filter(schema::hasKeywordOf)
          .toList();
    }
    JsonNode type = schema.node().get("type");
    List<String> names = type.isTextual() ? List.of(type.textValue()) : schema.texts("type");
    if (names.isEmpty() || !TYPES.containsAll(names)) {
      throw schema.error(
          "type is %s, expected one or more of %s".formatted(type, String.join(", ", TYPES)));
    }
    return List.copyOf(new LinkedHashSet<>(names));
  }

  private Symbol ofType(String type, JsonSchema schema) {
    return switch (type) {
      case "object" -> object(schema);
      case "array" -> array(schema);
      case "string" -> {
        Range length = range(schema, "minLength", "maxLength");
        yield json.string(length.min, length.max);
      }
      case "integer" -> number(schema, numbers.whole(bounds(schema)));
      case "number" ->
          schema.hasKeywordOf("number")
              ? number(schema, numbers.any(bounds(schema)))
              : json.number();
      case "boolean" -> symbols.oneOf(List.of("true", "false"));
      case "null" -> symbols.literal("null");
      default -> throw schema.error("type is " + type);
    };
  }

  private Symbol array(JsonSchema schema) {
    Range size = range(schema, "minItems", "maxItems");
    // What an empty array would hold need not be possible.
    Symbol item = schema.has("items") && size.max > 0 ? schema(schema.part("items")) : json.value();
    return json.array(item, size.min, size.max);
  }

  private record Range(int min, int max) {}

  private static Range range(JsonSchema schema, String minimum, String maximum) {
    int min = schema.count(minimum).orElse(0);
    int max = schema.count(maximum).orElse(Repeat.UNBOUNDED);
    if (min > max) {
      throw schema.error(
          "%s is %d and %s is %d: nothing is valid".formatted(minimum, min, maximum, max));
    }
    return new Range(min, max);
  }

  private Symbol number(JsonSchema schema, List<Symbol> alternatives) {
    if (alternatives.isEmpty()) {
      throw schema.error(
          "no number of at most %d digits is within the bounds".formatted(JsonSymbols.DIGITS));
    }
    return symbols.choice(alternatives);
  }

  private static Bounds bounds(JsonSchema schema) {
    Bounds bounds = Bounds.NONE;
    for (boolean isOpen : new boolean[] {false, true}) {
      String min = isOpen ? "exclusiveMinimum" : "minimum";
      String max = isOpen ? "exclusiveMaximum" : "maximum";
      if (schema.has(min)) {
        bounds = bounds.atLeast(schema.bound(min), isOpen);
      }
      if (schema.has(max)) {
        bounds = bounds.atMost(schema.bound(max), isOpen);
      }
    }
    return bounds;
  }

  private Symbol object(JsonSchema schema) {
    Map<String, Symbol> properties = new LinkedHashMap<>();
    schema
        .named("properties")
        .forEach(property -> properties.put(property.getKey(), schema(property.getValue())));
    Set<String> required = new LinkedHashSet<>(schema.texts("required"));
    boolean allowsFurther =
        !schema.has("additionalProperties")
            || !schema.node().get("additionalProperties").equals(BooleanNode.FALSE);
    for (String name : required) {
      if (!properties.containsKey(name)) {
        if (!allowsFurther) {
          throw schema.error(
              "%s is required, but additionalProperties forbids it"
                  .formatted(TextNode.valueOf(name)));
        }
        properties.put(name, further(schema));
      }
    }
    return json.object(members(schema, properties, required, allowsFurther));
  }

  private Symbol further(JsonSchema schema) {
    return schema.has("additionalProperties")
        ? schema(schema.part("additionalProperties"))
        : json.value();
  }

  /** From the last property to the first: what may follow it is known then. */
  private Symbol members(
      JsonSchema schema,
      Map<String, Symbol> properties,
      Set<String> required,
      boolean allowsFurther) {
    boolean hasFurther = allowsFurther && asksForFurther(schema, properties);
    Symbol first = json.nothing();
    Symbol later = json.nothing();
    if (hasFurther) {
      if (properties.keySet().stream().anyMatch(name -> name.length() > MAX_NAME)) {
        throw schema.error(
            "a name of more than %d characters beside additionalProperties is not supported"
                .formatted(MAX_NAME));
      }
      Symbol name = json.nameBut(properties.keySet());
      Symbol value = further(schema);
      first = json.members(name, value);
      later = json.furtherMembers(name, value);
    }
    for (Map.Entry<String, Symbol> property : List.copyOf(properties.entrySet()).reversed()) {
      Symbol name = symbols.literal(TextNode.valueOf(property.getKey()).toString());
      Symbol member = json.member(name, property.getValue());
      Symbol asFirst = symbols.chain(member, later);
      Symbol asLater = symbols.chain(json.comma(), member, later);
      boolean isRequired = required.contains(property.getKey());
      first = isRequired ? asFirst : symbols.choice(asFirst, first);
      later = isRequired ? asLater : symbols.choice(asLater, later);
    }
    return first;
  }

  /** An object without properties is any object; else further members are to be asked for. */
  private static boolean asksForFurther(JsonSchema schema, Map<String, Symbol> properties) {
    return schema.has("additionalProperties") || properties.isEmpty();
  }
}
