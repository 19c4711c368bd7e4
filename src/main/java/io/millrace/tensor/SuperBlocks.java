package io.millrace.tensor;

import static io.millrace.tensor.Dequantizer.half;
import static io.millrace.tensor.Dequantizer.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The super-blocks of ggml: 256 elements in groups whose scales are themselves quantized. Formulas
 * and layouts are those of {@code dequantize_row_*} in <a
 * href="https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c">ggml-quants.c</a>.
 */
final class SuperBlocks {
  private static final int SIZE = 256;

  /** What the nibbles of the IQ4 types stand for: denser near zero, as weights are. */
  private static final byte[] TABLE = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  private SuperBlocks() {}

  static int tableEntry(int nibble) {
    return TABLE[nibble];
  }

  /** {@code scales[16], quants[64], d, dmin}: {@code d · scale · q - dmin · min}. */
  static void readQ2(MemorySegment in, long at, float[] out, int to) {
    long quants = at + 16;
    float d = half(in, at + 80);
    float dmin = half(in, at + 82);
    for (int i = 0; i < SIZE; i++) {
      int group = unsigned(in, at + i / 16);
      int quant = twoBits(in, quants, i);
      out[to + i] = d * (group & 0xf) * quant - dmin * (group >> 4);
    }
  }

  /** {@code thirds[32], quants[64], scales[12], d}: {@code d · (scale - 32) · (q - 4)}. */
  static void readQ3(MemorySegment in, long at, float[] out, int to) {
    long quants = at + 32;
    long scales = at + 96;
    float d = half(in, at + 108);
    for (int i = 0; i < SIZE; i++) {
      int group = i / 16;
      int low = unsigned(in, scales + group % 8) >> group / 8 * 4 & 0xf;
      int high = unsigned(in, scales + 8 + group % 4) >> group / 4 * 2 & 3;
      int third = unsigned(in, at + i % 32) >> i / 32 & 1;
      int quant = (twoBits(in, quants, i) | third << 2) - 4;
      out[to + i] = d * ((low | high << 4) - 32) * quant;
    }
  }

  /**
   * Two bits of element {@code i}: 32 bytes hold 128 elements, those that are 32 apart in one byte.
   */
  private static int twoBits(MemorySegment in, long quants, int i) {
    return unsigned(in, quants + i / 128 * 32 + i % 32) >> i % 128 / 32 * 2 & 3;
  }

  /** {@code d, dmin, scales[12], quants[128]}: {@code d · scale · q - dmin · min}. */
  static void readQ4(MemorySegment in, long at, float[] out, int to) {
    readWithMinimums(in, at, at + 16, (i, nibble) -> nibble, out, to);
  }

  /** As Q4_K, with a fifth bit: {@code d, dmin, scales[12], fifths[32], quants[128]}. */
  static void readQ5(MemorySegment in, long at, float[] out, int to) {
    long fifths = at + 16;
    readWithMinimums(
        in,
        at,
        at + 48,
        (i, nibble) -> nibble | (unsigned(in, fifths + i % 32) >> i / 32 & 1) << 4,
        out,
        to);
  }

  /** Makes the number of element {@code i} from its nibble. */
  @FunctionalInterface
  private interface Quant {
    int of(int i, int nibble);
  }

  private static void readWithMinimums(
      MemorySegment in, long at, long quants, Quant quant, float[] out, int to) {
    float d = half(in, at);
    float dmin = half(in, at + 2);
    long scales = at + 4;
    for (int group = 0; group < 8; group++) {
      float scale = d * sixBits(in, scales, group, 0);
      float minimum = dmin * sixBits(in, scales, group, 4);
      for (int j = 0; j < 32; j++) {
        int i = group * 32 + j;
        int pair = unsigned(in, quants + group / 2 * 32 + j);
        int nibble = group % 2 == 0 ? pair & 0xf : pair >> 4;
        out[to + i] = scale * quant.of(i, nibble) - minimum;
      }
    }
  }

  /**
   * The scale ({@code part} 0) or minimum ({@code part} 4) of a group: for the first four groups
   * the low six bits of a byte, for the others a nibble, and two bits that those bytes have left.
   */
  private static int sixBits(MemorySegment in, long scales, int group, int part) {
    if (group < 4) {
      return unsigned(in, scales + part + group) & 0x3f;
    }
    int nibble = unsigned(in, scales + 4 + group) >> part & 0xf;
    return nibble | unsigned(in, scales + part + group - 4) >> 6 << 4;
  }

  /** {@code low[128], high[64], scales[16], d}: {@code d · scale · (q - 32)}. */
  static void readQ6(MemorySegment in, long at, float[] out, int to) {
    long high = at + 128;
    long scales = at + 192;
    float d = half(in, at + 208);
    for (int i = 0; i < SIZE; i++) {
      int pair = unsigned(in, at + i / 128 * 64 + i % 64);
      int nibble = i % 128 < 64 ? pair & 0xf : pair >> 4;
      int quant = nibble | twoBits(in, high, i) << 4;
      out[to + i] = d * in.get(ValueLayout.JAVA_BYTE, scales + i / 16) * (quant - 32);
    }
  }

  /** {@code d, high[2], low[4], quants[128]}: {@code d · (scale - 32) · table[q]}. */
  static void readIq4(MemorySegment in, long at, float[] out, int to) {
    float d = half(in, at);
    int highScales = unsigned(in, at + 2) | unsigned(in, at + 3) << 8;
    for (int group = 0; group < 8; group++) {
      int low = unsigned(in, at + 4 + group / 2) >> group % 2 * 4 & 0xf;
      float scale = d * ((low | (highScales >> 2 * group & 3) << 4) - 32);
      for (int j = 0; j < 32; j++) {
        int pair = unsigned(in, at + 8 + group * 16 + j % 16);
        out[to + group * 32 + j] = scale * TABLE[j < 16 ? pair & 0xf : pair >> 4];
      }
    }
  }
}
