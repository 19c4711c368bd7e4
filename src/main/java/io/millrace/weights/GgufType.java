package io.millrace.weights;

import java.util.Optional;

/** Types of metadata values in a GGUF file, in the order of their numbers. */
enum GgufType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  /** A 64-bit length, then UTF-8. */
  STRING(8),
  /** A 32-bit element type and a 64-bit count, then the elements. */
  ARRAY(12),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private final int minBytes;

  GgufType(int minBytes) {
    this.minBytes = minBytes;
  }

  static Optional<GgufType> of(int number) {
    return number >= 0 && number < values().length
        ? Optional.of(values()[number])
        : Optional.empty();
  }

  /** Bytes of a value: exact, but for strings and arrays only the least that one takes. */
  int minBytes() {
    return minBytes;
  }

  boolean isInteger() {
    return switch (this) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
    };
  }

  boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }
}
