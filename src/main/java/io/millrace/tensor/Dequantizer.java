package io.millrace.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What the bytes of each {@link WeightType} mean: the definition that every backend's own kernels
 * must agree with. Slow; for references, tests, tools, and types without a kernel.
 */
public final class Dequantizer {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements of a small block; its nibbles hold element {@code i} and element {@code i + 16}. */
  private static final int SMALL = 32;

  private Dequantizer() {}

  /**
   * Reads {@code into.length} elements from element {@code first} on; both are whole numbers of
   * blocks.
   *
   * @param bytes a tensor's bytes, as {@link TensorSource#map} gives them
   * @throws IndexOutOfBoundsException when the elements reach beyond {@code bytes}
   */
  public static void read(WeightType dtype, MemorySegment bytes, long first, float[] into) {
    long offset = dtype.bytes(first);
    long length = dtype.bytes(into.length);
    MemorySegment blocks = bytes.asSlice(offset, length);
    int size = dtype.blockSize();
    for (int block = 0; block * size < into.length; block++) {
      readBlock(dtype, blocks, (long) block * dtype.blockBytes(), into, block * size);
    }
  }

  private static void readBlock(WeightType dtype, MemorySegment in, long at, float[] out, int to) {
    switch (dtype) {
      case DType.F32 -> out[to] = in.get(FLOAT, at);
      case DType.F16 -> out[to] = half(in, at);
      case DType.BF16 -> out[to] = Float.intBitsToFloat(in.get(SHORT, at) << 16);
      case DType.Q8_0 -> {
        float scale = half(in, at);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = in.get(ValueLayout.JAVA_BYTE, at + 2 + i) * scale;
        }
      }
      case DType.Q4_0 -> {
        float scale = half(in, at);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = (nibble(in, at + 2, i) - 8) * scale;
        }
      }
      case DType.Q4_1 -> {
        float scale = half(in, at);
        float minimum = half(in, at + 2);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = nibble(in, at + 4, i) * scale + minimum;
        }
      }
      case DType.Q5_0 -> {
        float scale = half(in, at);
        int fifths = in.get(INT, at + 2);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = ((nibble(in, at + 6, i) | (fifths >> i & 1) << 4) - 16) * scale;
        }
      }
      case DType.Q5_1 -> {
        float scale = half(in, at);
        float minimum = half(in, at + 2);
        int fifths = in.get(INT, at + 4);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = (nibble(in, at + 8, i) | (fifths >> i & 1) << 4) * scale + minimum;
        }
      }
      case DType.IQ4_NL -> {
        float scale = half(in, at);
        for (int i = 0; i < SMALL; i++) {
          out[to + i] = SuperBlocks.tableEntry(nibble(in, at + 2, i)) * scale;
        }
      }
      case DType.Q2_K -> SuperBlocks.readQ2(in, at, out, to);
      case DType.Q3_K -> SuperBlocks.readQ3(in, at, out, to);
      case DType.Q4_K -> SuperBlocks.readQ4(in, at, out, to);
      case DType.Q5_K -> SuperBlocks.readQ5(in, at, out, to);
      case DType.Q6_K -> SuperBlocks.readQ6(in, at, out, to);
      case DType.IQ4_XS -> SuperBlocks.readIq4(in, at, out, to);
      case AffineType affine -> readGroup(affine, in, at, out, to);
    }
  }

  private static void readGroup(AffineType type, MemorySegment in, long at, float[] out, int to) {
    int scaleBytes = type.scales().blockBytes();
    float scale = scale(type.scales(), in, at);
    float bias = scale(type.scales(), in, at + scaleBytes);
    long quants = at + 2L * scaleBytes;
    int bits = type.bits();
    for (int i = 0; i < type.groupSize(); i++) {
      int bit = i * bits;
      long from = quants + bit / Byte.SIZE;
      boolean crosses = bit % Byte.SIZE + bits > Byte.SIZE;
      int pair = unsigned(in, from) | (crosses ? unsigned(in, from + 1) << Byte.SIZE : 0);
      int quant = pair >> bit % Byte.SIZE & (1 << bits) - 1;
      out[to + i] = quant * scale + bias;
    }
  }

  private static float scale(DType type, MemorySegment in, long at) {
    return switch (type) {
      case F16 -> half(in, at);
      case BF16 -> Float.intBitsToFloat(in.get(SHORT, at) << 16);
      default -> in.get(FLOAT, at);
    };
  }

  static float half(MemorySegment in, long at) {
    return Float.float16ToFloat(in.get(SHORT, at));
  }

  static int unsigned(MemorySegment in, long at) {
    return in.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  /** Nibble {@code i} of a small block: low ones first, then high ones. */
  private static int nibble(MemorySegment in, long nibbles, int i) {
    int pair = unsigned(in, nibbles + i % 16);
    return i < 16 ? pair & 0xf : pair >> 4;
  }
}
