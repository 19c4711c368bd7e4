package io.millrace.weights;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/**
 * What stands before the tensors' bytes in a GGUF file of version 2 or 3 (<a
 * href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>), checked against
 * the file's real size.
 *
 * @param values metadata by key, in the order of the file
 * @param tensors the tensor table by name, in the order of the file
 * @param bytes of this header, without the padding after it
 */
record GgufHeader(
    int version, Map<String, GgufValue> values, Map<String, GgufTensor> tensors, long bytes) {
  private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_ALIGNMENT = 1 << 16;
  private static final String ALIGNMENT_KEY = "general.alignment";

  /**
   * Reads the header.
   *
   * @param whole the whole file
   * @throws CheckpointException when it is damaged or of another kind
   */
  static GgufHeader read(Path file, MemorySegment whole) {
    GgufCursor cursor = new GgufCursor(file, whole);
    int version = readVersion(cursor);
    long tensorCount = cursor.int64("the number of tensors");
    long valueCount = cursor.int64("the number of metadata entries");
    Map<String, GgufValue> values = new GgufValueReader(cursor).read(valueCount);
    int alignment = alignment(cursor, new GgufMetadata(file, whole, values));
    Map<String, GgufTensor> tensors =
        new GgufTensorTable(cursor, alignment).read(tensorCount, whole.byteSize());
    return new GgufHeader(version, values, tensors, cursor.position());
  }

  private static int readVersion(GgufCursor cursor) {
    int magic = cursor.int32("the magic number of a GGUF file");
    if (magic != MAGIC) {
      throw cursor.problem(
          "begins with the bytes %08x, expected 47475546 (GGUF)", Integer.reverseBytes(magic));
    }
    int version = cursor.int32("the version");
    if (version != 0 && (version & 0xffff) == 0) {
      throw cursor.problem("is a big-endian GGUF file, expected a little-endian one");
    }
    if (version != 2 && version != 3) {
      throw cursor.problem(
          "has GGUF version %s, expected 2 or 3; convert the model again",
          Integer.toUnsignedString(version));
    }
    return version;
  }

  private static int alignment(GgufCursor cursor, GgufMetadata metadata) {
    int alignment = metadata.integer(ALIGNMENT_KEY, 1, MAX_ALIGNMENT).orElse(DEFAULT_ALIGNMENT);
    if (Integer.bitCount(alignment) != 1) {
      throw cursor.problem("metadata %s is %d, expected a power of two", ALIGNMENT_KEY, alignment);
    }
    return alignment;
  }
}
