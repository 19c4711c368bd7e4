package io.millrace.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Reads a message in the <a href="https://protobuf.dev/programming-guides/encoding/">wire format of
 * Protocol Buffers</a>, field by field. Nothing is read or allocated beyond the message's bytes.
 */
final class ProtoReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;
  private static final int MAX_VARINT_BYTES = 10;

  private final ByteBuffer bytes;
  private int wireType;

  ProtoReader(ByteBuffer bytes) {
    this.bytes = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Goes to the next field; its value is to be read, or skipped, next.
   *
   * @return its number; 0 at the end
   */
  int next() {
    if (!bytes.hasRemaining()) {
      return 0;
    }
    long tag = varint();
    long field = tag >>> 3;
    if (field < 1 || field > 0x1fff_ffff) {
      throw problem("has field %d, expected 1 or more".formatted(field));
    }
    wireType = (int) (tag & 7);
    return (int) field;
  }

  int number() {
    require(VARINT, "a number");
    return (int) varint();
  }

  boolean flag() {
    return number() != 0;
  }

  float real() {
    require(FIXED32, "a 32-bit float");
    return take(Float.BYTES).getFloat();
  }

  String text() {
    require(LENGTH_DELIMITED, "a string");
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(delimited());
      return text.toString();
    } catch (CharacterCodingException e) {
      throw problem("has a string that is not valid UTF-8");
    }
  }

  ProtoReader message() {
    require(LENGTH_DELIMITED, "a message");
    return new ProtoReader(delimited());
  }

  /** Bytes of the value, which is not read further. */
  int length() {
    require(LENGTH_DELIMITED, "bytes");
    return delimited().remaining();
  }

  void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case FIXED64 -> take(Long.BYTES);
      case LENGTH_DELIMITED -> delimited();
      case FIXED32 -> take(Integer.BYTES);
      default -> throw problem("has wire type %d, expected 0, 1, 2 or 5".formatted(wireType));
    }
  }

  private void require(int expected, String what) {
    if (wireType != expected) {
      throw problem("has wire type %d where %s is expected".formatted(wireType, what));
    }
  }

  private ByteBuffer delimited() {
    return take(varint());
  }

  private ByteBuffer take(long count) {
    if (count < 0 || count > bytes.remaining()) {
      throw problem(
          "needs %s bytes, but %d are left; the file is damaged or not whole"
              .formatted(Long.toUnsignedString(count), bytes.remaining()));
    }
    ByteBuffer taken = bytes.slice(bytes.position(), (int) count).order(ByteOrder.LITTLE_ENDIAN);
    bytes.position(bytes.position() + (int) count);
    return taken;
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      byte next = take(1).get();
      value |= (next & 0x7fL) << 7 * i;
      if (next >= 0) {
        return value;
      }
    }
    throw problem("has a number of more than %d bytes".formatted(MAX_VARINT_BYTES));
  }

  private IllegalArgumentException problem(String problem) {
    return new IllegalArgumentException(
        "%s (protocol buffer, byte %d of a message)".formatted(problem, bytes.position()));
  }
}
