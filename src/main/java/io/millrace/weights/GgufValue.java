package io.millrace.weights;

/** Where a metadata value stands in a GGUF file; {@link GgufMetadata} decodes it when asked. */
sealed interface GgufValue {
  /** A number or a boolean at {@code position}. */
  record Scalar(GgufType type, long position) implements GgufValue {}

  /** UTF-8 of {@code length} bytes from {@code position} on. */
  record Text(long position, long length) implements GgufValue {}

  /** {@code count} elements in {@code bytes} bytes from {@code position} on. */
  record Array(GgufType elements, long count, long position, long bytes) implements GgufValue {}

  /** The type, for error messages. */
  default String typeName() {
    return switch (this) {
      case Scalar scalar -> scalar.type().name();
      case Text text -> GgufType.STRING.name();
      case Array array -> "ARRAY of " + array.elements();
    };
  }
}
