package io.millrace.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * A message in the <a href="https://protobuf.dev/programming-guides/encoding/">wire format of
 * Protocol Buffers</a>, written field by field.
 */
final class ProtoMessage {
  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ProtoMessage number(int field, int value) {
    return tag(field, VARINT).varint(value);
  }

  ProtoMessage flag(int field, boolean value) {
    return number(field, value ? 1 : 0);
  }

  ProtoMessage number(int field, float value) {
    tag(field, FIXED32);
    int bits = Float.floatToRawIntBits(value);
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      out.write(bits >>> shift);
    }
    return this;
  }

  ProtoMessage text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ProtoMessage message(int field, ProtoMessage value) {
    return bytes(field, value.toBytes());
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private ProtoMessage bytes(int field, byte[] value) {
    tag(field, LENGTH_DELIMITED).varint(value.length);
    out.writeBytes(value);
    return this;
  }

  private ProtoMessage tag(int field, int wireType) {
    return varint(field << 3 | wireType);
  }

  /** Seven bits a byte, low ones first; all but the last byte have the high bit set. */
  private ProtoMessage varint(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.write(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
    return this;
  }
}
