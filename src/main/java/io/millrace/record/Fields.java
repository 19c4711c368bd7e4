package io.millrace.record;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Typed access to the fields of a JSON object. A field that is {@code null} counts as absent, as it
 * does in OpenAI's API.
 *
 * <p>Every method throws {@link MalformedRecordException}, naming the field, when the value has
 * another type or is out of range.
 */
final class Fields {
  private static final Pattern TOKEN_ID = Pattern.compile("0|[1-9][0-9]{0,8}");

  private final ObjectNode object;

  Fields(ObjectNode object) {
    this.object = object;
  }

  List<String> names() {
    return object.properties().stream().map(Map.Entry::getKey).toList();
  }

  boolean has(String name) {
    return object.hasNonNull(name);
  }

  boolean isText(String name) {
    return object.path(name).isTextual();
  }

  /** A field's value as JSON. */
  String json(String name) {
    return object.path(name).toString();
  }

  /** Those of some fields that are set, as a JSON object; all strings in it are whole. */
  String part(List<String> names) {
    ObjectNode part = object.objectNode();
    for (String name : names) {
      optional(name)
          .ifPresent(value -> {
            checkUnicode(name, value.toString());
            part.set(name, value);
          });
    }
    return part.toString();
  }

  Optional<String> text(String name) {
    return optional(name).map(value -> text(name, value));
  }

  Optional<Boolean> flag(String name) {
    return optional(name)
        .map(value -> {
          if (!value.isBoolean()) {
            throw wrongType(name, value, "true or false");
          }
          return value.booleanValue();
        });
  }

  /** Whether a field is true or false. */
  boolean isFlag(String name) {
    return optional(name).filter(JsonNode::isBoolean).isPresent();
  }

  /** This object as JSON text. */
  String json() {
    return object.toString();
  }

  OptionalLong integer(String name, long min, long max) {
    return optional(name)
        .map(value -> OptionalLong.of(integer(name, value, min, max)))
        .orElse(OptionalLong.empty());
  }

  /** A finite number from min to max. */
  OptionalDouble number(String name, double min, double max) {
    return optional(name)
        .map(value -> OptionalDouble.of(number(name, value, min, max)))
        .orElse(OptionalDouble.empty());
  }

  /** One string, or an array of strings. */
  Optional<List<String>> texts(String name) {
    return optional(name)
        .map(value -> {
          if (value.isTextual()) {
            return List.of(text(name, value));
          }
          if (!value.isArray()) {
            throw wrongType(name, value, "a string or an array of strings");
          }
          return list(value, element -> text(name, element));
        });
  }

  Optional<List<Integer>> integers(String name, int min, int max) {
    return optional(name)
        .map(value -> {
          if (!value.isArray()) {
            throw wrongType(name, value, "an array of integers");
          }
          return list(value, element -> (int) integer(name, element, min, max));
        });
  }

  Optional<List<Double>> numbers(String name) {
    return optional(name)
        .map(value -> {
          if (!value.isArray()) {
            throw wrongType(name, value, "an array of numbers");
          }
          return list(value, element -> number(name, element, -Double.MAX_VALUE, Double.MAX_VALUE));
        });
  }

  Optional<List<Fields>> objects(String name) {
    return optional(name)
        .map(value -> {
          if (!value.isArray()) {
            throw wrongType(name, value, "an array of objects");
          }
          return list(value, element -> object(name, element));
        });
  }

  Optional<Fields> object(String name) {
    return optional(name).map(value -> object(name, value));
  }

  /** An object whose values are strings, in the order of the record. */
  Optional<Map<String, String>> textByName(String name) {
    return object(name)
        .map(fields -> {
          Map<String, String> entries = new LinkedHashMap<>();
          for (Map.Entry<String, JsonNode> entry : fields.object.properties()) {
            checkUnicode(name, entry.getKey());
            if (!entry.getValue().isTextual()) {
              throw wrongType(name, object.get(name), "an object whose values are strings");
            }
            entries.put(entry.getKey(), text(name, entry.getValue()));
          }
          return entries;
        });
  }

  /** An object of numbers by token id, which as a name is in decimal digits. */
  Optional<Map<Integer, Double>> numberByToken(String name, double min, double max) {
    return object(name)
        .map(fields -> {
          Map<Integer, Double> entries = new LinkedHashMap<>();
          for (Map.Entry<String, JsonNode> entry : fields.object.properties()) {
            if (!TOKEN_ID.matcher(entry.getKey()).matches()) {
              throw invalid(
                  name,
                  "an object with the name " + Printable.quote(entry.getKey()),
                  "names that are token ids, in decimal digits");
            }
            double value = number(name, entry.getValue(), min, max);
            entries.put(Integer.parseInt(entry.getKey()), value);
          }
          return entries;
        });
  }

  String requiredText(String name) {
    return text(name).orElseThrow(() -> missing(name));
  }

  long requiredLong(String name) {
    return integer(name, Long.MIN_VALUE, Long.MAX_VALUE).orElseThrow(() -> missing(name));
  }

  int requiredInt(String name, int min, int max) {
    return (int) integer(name, min, max).orElseThrow(() -> missing(name));
  }

  double requiredNumber(String name) {
    return number(name, -Double.MAX_VALUE, Double.MAX_VALUE).orElseThrow(() -> missing(name));
  }

  Fields requiredObject(String name) {
    return object(name).orElseThrow(() -> missing(name));
  }

  /** A value as an error message shows it. */
  static String describe(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case STRING -> Printable.quote(value.textValue());
      default -> value.asText();
    };
  }

  static MalformedRecordException invalid(String name, String found, String expected) {
    return new MalformedRecordException(
        ErrorCode.INVALID_VALUE.error(
            "%s is %s, expected %s".formatted(name, found, expected), name));
  }

  static MalformedRecordException missing(String name) {
    return new MalformedRecordException(
        ErrorCode.MISSING_REQUIRED_PARAMETER.error("%s is missing".formatted(name), name));
  }

  private Optional<JsonNode> optional(String name) {
    return Optional.ofNullable(object.get(name)).filter(value -> !value.isNull());
  }

  private static String text(String name, JsonNode value) {
    if (!value.isTextual()) {
      throw wrongType(name, value, "a string");
    }
    checkUnicode(name, value.textValue());
    return value.textValue();
  }

  private static long integer(String name, JsonNode value, long min, long max) {
    if (!value.isIntegralNumber()) {
      throw wrongType(name, value, "an integer");
    }
    BigInteger number = value.bigIntegerValue();
    if (number.compareTo(BigInteger.valueOf(min)) < 0
        || number.compareTo(BigInteger.valueOf(max)) > 0) {
      throw invalid(name, describe(value), range("an integer", Long.toString(min), max));
    }
    return number.longValue();
  }

  private static double number(String name, JsonNode value, double min, double max) {
    if (!value.isNumber()) {
      throw wrongType(name, value, "a number");
    }
    double number = value.doubleValue();
    if (!(number >= min && number <= max)) {
      throw invalid(
          name, describe(value), "a number from %s to %s".formatted(plain(min), plain(max)));
    }
    return number;
  }

  private static String range(String kind, String min, long max) {
    return max == Long.MAX_VALUE || max == Integer.MAX_VALUE
        ? "%s of at least %s".formatted(kind, min)
        : "%s from %s to %d".formatted(kind, min, max);
  }

  private static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? Long.toString((long) number)
        : Double.toString(number);
  }

  private static Fields object(String name, JsonNode value) {
    if (value instanceof ObjectNode fields) {
      return new Fields(fields);
    }
    throw wrongType(name, value, "an object");
  }

  private static <T> List<T> list(JsonNode array, Function<JsonNode, T> element) {
    List<T> list = new ArrayList<>(array.size());
    array.forEach(value -> list.add(element.apply(value)));
    return list;
  }

  private static void checkUnicode(String name, String text) {
    boolean broken = text.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE);
    if (broken) {
      throw new MalformedRecordException(
          ErrorCode.INVALID_VALUE.error(
              name + " holds half a surrogate pair, which is no character", name));
    }
  }

  private static MalformedRecordException wrongType(String name, JsonNode value, String expected) {
    return new MalformedRecordException(
        ErrorCode.INVALID_TYPE.error(
            "%s is %s, expected %s".formatted(name, describe(value), expected), name));
  }
}
