package io.millrace.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Finds where the metadata values of a GGUF file stand, without decoding them. The limits are far
 * above what real files have; they bound the time and the heap that a hostile file can take.
 */
final class GgufValueReader {
  private static final int MAX_VALUES = 1 << 16;
  private static final int MAX_KEY_BYTES = 512;
  private static final int MAX_NESTING = 4;

  /** A key's length, a type and the smallest value. */
  private static final int MIN_VALUE_BYTES = 8 + 4 + 1;

  private final GgufCursor cursor;

  GgufValueReader(GgufCursor cursor) {
    this.cursor = cursor;
  }

  Map<String, GgufValue> read(long announced) {
    int count = cursor.checkCount(announced, "metadata entries", MIN_VALUE_BYTES, MAX_VALUES);
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = cursor.text("the key of metadata entry " + i, MAX_KEY_BYTES);
      String what = "metadata " + key;
      if (values.put(key, readValue(readType(what), what, 0)) != null) {
        throw cursor.problem("has %s twice", what);
      }
    }
    return Collections.unmodifiableMap(values);
  }

  private GgufType readType(String what) {
    int number = cursor.int32(what);
    return GgufType.of(number)
        .orElseThrow(() ->
            cursor.problem(
                "%s has a value of type %s, expected 0 to %d",
                what, Integer.toUnsignedString(number), GgufType.values().length - 1));
  }

  private GgufValue readValue(GgufType type, String what, int depth) {
    return switch (type) {
      case STRING -> {
        long length = cursor.int64(what);
        yield new GgufValue.Text(cursor.skip(length, what), length);
      }
      case ARRAY -> readArray(what, depth);
      default -> new GgufValue.Scalar(type, cursor.skip(type.minBytes(), what));
    };
  }

  private GgufValue readArray(String what, int depth) {
    if (depth == MAX_NESTING) {
      throw cursor.problem("%s has arrays in arrays, deeper than %d", what, MAX_NESTING);
    }
    GgufType type = readType(what);
    int count =
        cursor.checkCount(
            cursor.int64(what), "elements of " + what, type.minBytes(), Integer.MAX_VALUE);
    long position = cursor.position();
    switch (type) {
      case STRING -> {
        for (int i = 0; i < count; i++) {
          cursor.skip(cursor.int64(what), what);
        }
      }
      case ARRAY -> {
        for (int i = 0; i < count; i++) {
          readArray(what, depth + 1);
        }
      }
      default -> cursor.skip((long) count * type.minBytes(), what);
    }
    return new GgufValue.Array(type, count, position, cursor.position() - position);
  }
}
