package io.millrace.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * How byte-level BPE vocabularies write bytes as characters, as GPT-2 does: printable characters of
 * Latin-1 stand for themselves, the other 68 bytes for U+0100 onwards, in order.
 */
final class ByteLevelAlphabet {
  private static final int FIRST_STAND_IN = 0x100;

  /** By character, -1 for what is in no alphabet. */
  private static final short[] BYTES = bytes();

  private ByteLevelAlphabet() {}

  /** The bytes that a spelling stands for; characters outside the alphabet are their UTF-8. */
  static byte[] decode(String spelling) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(spelling.length());
    spelling
        .codePoints()
        .forEach(c -> {
          if (c < BYTES.length && BYTES[c] >= 0) {
            bytes.write(BYTES[c]);
          } else {
            bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
          }
        });
    return bytes.toByteArray();
  }

  private static short[] bytes() {
    short[] bytes = new short[FIRST_STAND_IN + 68];
    int standIn = FIRST_STAND_IN;
    for (short value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xff && value != 0xad;
      if (printable) {
        bytes[value] = value;
      } else {
        bytes[value] = -1;
        bytes[standIn++] = value;
      }
    }
    return bytes;
  }
}
