package io.millrace.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads the header of a GGUF file from front to back. Nothing is read or allocated beyond the
 * file's real size, and nothing beyond the size that a header may have.
 */
final class GgufCursor {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Llama 3's header, 128,256 tokens and their merges, takes 8 MB. */
  private static final long MAX_HEADER_BYTES = 256 << 20;

  private final Path file;
  private final MemorySegment bytes;
  private final long end;
  private long position;

  GgufCursor(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
    this.end = Math.min(bytes.byteSize(), MAX_HEADER_BYTES);
  }

  long position() {
    return position;
  }

  int int32(String what) {
    return bytes.get(INT, skip(4, what));
  }

  long int64(String what) {
    return bytes.get(LONG, skip(8, what));
  }

  /** A length-prefixed string of at most {@code most} bytes. */
  String text(String what, int most) {
    long length = int64(what);
    if (length < 0 || length > most) {
      throw problem(
          "%s is %s bytes long, expected at most %d", what, Long.toUnsignedString(length), most);
    }
    try {
      return utf8(bytes, skip(length, what), length);
    } catch (CharacterCodingException e) {
      throw problem("%s is not valid UTF-8", what);
    }
  }

  /** Passes over {@code count} bytes, which must be there, and returns where they stand. */
  long skip(long count, String what) {
    if (count < 0 || count > end - position) {
      throw problem(
          "needs %s bytes at byte %d for %s, but %s",
          Long.toUnsignedString(count),
          position,
          what,
          end == bytes.byteSize()
              ? "ends at byte %d; the file is damaged or not whole".formatted(end)
              : "a header has at most %d bytes".formatted(end));
    }
    long start = position;
    position += count;
    return start;
  }

  /**
   * A count that the file announces, checked against a limit and against the bytes that follow.
   *
   * @param minBytes least bytes that one of them takes
   */
  int checkCount(long count, String what, int minBytes, int most) {
    if (count < 0 || count > most) {
      throw problem(
          "announces %s %s, expected at most %d", Long.toUnsignedString(count), what, most);
    }
    if (count > (end - position) / minBytes) {
      throw problem(
          "announces %d %s, which do not fit the %d bytes after byte %d; the file is damaged or not"
              + " whole",
          count, what, end - position, position);
    }
    return (int) count;
  }

  CheckpointException problem(String format, Object... arguments) {
    return new CheckpointException(file, format.formatted(arguments));
  }

  /** Decodes UTF-8 strictly. */
  static String utf8(MemorySegment bytes, long position, long length)
      throws CharacterCodingException {
    byte[] text = bytes.asSlice(position, length).toArray(ValueLayout.JAVA_BYTE);
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
  }
}
