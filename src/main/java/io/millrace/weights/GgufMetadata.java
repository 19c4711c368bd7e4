package io.millrace.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/**
 * Metadata of a GGUF file by key. A value is decoded, and its type and range are checked, when it
 * is asked for.
 */
final class GgufMetadata {
  private static final int MAX_LABEL_BYTES = 256;

  private final Path file;
  private final MemorySegment bytes;
  private final Map<String, GgufValue> values;

  GgufMetadata(Path file, MemorySegment bytes, Map<String, GgufValue> values) {
    this.file = file;
    this.bytes = bytes;
    this.values = values;
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  /** A short string without control characters: the name of something. */
  Optional<String> label(String key) {
    return find(key)
        .map(value ->
            value instanceof GgufValue.Text(long position, long length)
                ? decodeLabel(key, position, length)
                : fail(key, value, "a string"));
  }

  /** A text of at most {@code mostBytes} bytes. */
  Optional<String> text(String key, int mostBytes) {
    return find(key)
        .map(value -> {
          if (!(value instanceof GgufValue.Text(long position, long length))) {
            return fail(key, value, "a string");
          }
          if (length > mostBytes) {
            throw problem(
                "metadata %s is %d bytes long, expected at most %d"
                    .formatted(key, length, mostBytes));
          }
          return decode(key, position, length);
        });
  }

  /**
   * An integer of any type; unsigned 64-bit ones beyond the range of a {@code long} are refused.
   */
  OptionalLong integer(String key) {
    Optional<Long> found =
        find(key)
            .map(value ->
                value instanceof GgufValue.Scalar(GgufType type, long position) && type.isInteger()
                    ? longAt(key, type, position)
                    : fail(key, value, "an integer"));
    return found.map(OptionalLong::of).orElseGet(OptionalLong::empty);
  }

  OptionalInt integer(String key, int least, int most) {
    OptionalLong value = integer(key);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    if (value.getAsLong() < least || value.getAsLong() > most) {
      throw problem(
          "metadata %s is %d, expected %d to %d".formatted(key, value.getAsLong(), least, most));
    }
    return OptionalInt.of((int) value.getAsLong());
  }

  /** An integer of at least 1 that must be there. */
  int required(String key, int most) {
    return integer(key, 1, most).orElseThrow(() -> problem("has no metadata " + key));
  }

  OptionalDouble real(String key) {
    Optional<Double> found =
        find(key)
            .map(value ->
                value instanceof GgufValue.Scalar(GgufType type, long position) && type.isFloat()
                    ? doubleAt(type, position)
                    : fail(key, value, "a floating-point number"));
    return found.map(OptionalDouble::of).orElseGet(OptionalDouble::empty);
  }

  Optional<Boolean> flag(String key) {
    return find(key)
        .map(value ->
            value instanceof GgufValue.Scalar(GgufType type, long position) && type == GgufType.BOOL
                ? bytes.get(ValueLayout.JAVA_BYTE, position) != 0
                : fail(key, value, "a boolean"));
  }

  /** Number of elements of an array. */
  OptionalInt size(String key) {
    Optional<Integer> size =
        find(key)
            .map(value ->
                value instanceof GgufValue.Array array
                    ? (int) array.count()
                    : fail(key, value, "an array"));
    return size.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /**
   * An array of strings that must be there.
   *
   * @param most elements that it may have
   * @param mostBytes bytes that it may take
   */
  List<String> texts(String key, int most, int mostBytes) {
    GgufValue.Array array = array(key, GgufType.STRING, most);
    if (array.bytes() > mostBytes) {
      throw problem(
          "metadata %s takes %d bytes, expected at most %d"
              .formatted(key, array.bytes(), mostBytes));
    }
    List<String> texts = new ArrayList<>((int) array.count());
    long position = array.position();
    for (int i = 0; i < array.count(); i++) {
      long length = bytes.get(GgufCursor.LONG, position);
      position += Long.BYTES;
      texts.add(decode(key + "[" + i + "]", position, length));
      position += length;
    }
    return texts;
  }

  /** An array of 32-bit floats that must be there. */
  List<Float> floats(String key, int most) {
    GgufValue.Array array = array(key, GgufType.FLOAT32, most);
    return LongStream.range(0, array.count())
        .mapToObj(i -> floatAt(array.position() + i * Float.BYTES))
        .toList();
  }

  /** An array of signed 32-bit integers that must be there. */
  List<Integer> integers(String key, int most) {
    GgufValue.Array array = array(key, GgufType.INT32, most);
    return LongStream.range(0, array.count())
        .mapToObj(i -> bytes.get(GgufCursor.INT, array.position() + i * Integer.BYTES))
        .toList();
  }

  CheckpointException problem(String problem) {
    return new CheckpointException(file, problem);
  }

  private Optional<GgufValue> find(String key) {
    return Optional.ofNullable(values.get(key));
  }

  private GgufValue.Array array(String key, GgufType elements, int most) {
    GgufValue value = find(key).orElseThrow(() -> problem("has no metadata " + key));
    if (!(value instanceof GgufValue.Array array) || array.elements() != elements) {
      return fail(key, value, "ARRAY of " + elements);
    }
    if (array.count() > most) {
      throw problem(
          "metadata %s has %d elements, expected at most %d".formatted(key, array.count(), most));
    }
    return array;
  }

  private String decodeLabel(String key, long position, long length) {
    if (length > MAX_LABEL_BYTES) {
      throw problem(
          "metadata %s is %d bytes long, expected at most %d"
              .formatted(key, length, MAX_LABEL_BYTES));
    }
    String label = decode(key, position, length);
    if (label.chars().anyMatch(Character::isISOControl)) {
      throw problem("metadata %s has control characters, expected a name".formatted(key));
    }
    return label;
  }

  private String decode(String what, long position, long length) {
    try {
      return GgufCursor.utf8(bytes, position, length);
    } catch (CharacterCodingException e) {
      throw problem("metadata %s is not valid UTF-8".formatted(what));
    }
  }

  private long longAt(String key, GgufType type, long position) {
    return switch (type) {
      case UINT8 -> Byte.toUnsignedLong(bytes.get(ValueLayout.JAVA_BYTE, position));
      case INT8 -> bytes.get(ValueLayout.JAVA_BYTE, position);
      case UINT16 -> Short.toUnsignedLong(bytes.get(GgufCursor.SHORT, position));
      case INT16 -> bytes.get(GgufCursor.SHORT, position);
      case UINT32 -> Integer.toUnsignedLong(bytes.get(GgufCursor.INT, position));
      case INT32 -> bytes.get(GgufCursor.INT, position);
      case INT64 -> bytes.get(GgufCursor.LONG, position);
      case UINT64 -> {
        long value = bytes.get(GgufCursor.LONG, position);
        if (value < 0) {
          throw problem(
              "metadata %s is %s, expected at most %d"
                  .formatted(key, Long.toUnsignedString(value), Long.MAX_VALUE));
        }
        yield value;
      }
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY ->
          throw new IllegalArgumentException(type + " is no integer type");
    };
  }

  private double doubleAt(GgufType type, long position) {
    return type == GgufType.FLOAT32
        ? floatAt(position)
        : Double.longBitsToDouble(bytes.get(GgufCursor.LONG, position));
  }

  private float floatAt(long position) {
    return Float.intBitsToFloat(bytes.get(GgufCursor.INT, position));
  }

  private <T> T fail(String key, GgufValue found, String expected) {
    throw problem("metadata %s is %s, expected %s".formatted(key, found.typeName(), expected));
  }
}
