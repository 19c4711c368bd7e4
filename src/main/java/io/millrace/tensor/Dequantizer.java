package io.millrace.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What the bytes of each {@link WeightType} mean: the definition that every backend's own kernels
 * must agree with. Slow; for references, tests and tools.
 */
public final class Dequantizer {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

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
      case DType.F16 -> out[to] = Float.float16ToFloat(in.get(SHORT, at));
      case DType.BF16 -> out[to] = Float.intBitsToFloat(in.get(SHORT, at) << 16);
      case DType.Q8_0 -> {
        float scale = Float.float16ToFloat(in.get(SHORT, at));
        for (int i = 0; i < 32; i++) {
          out[to + i] = in.get(BYTE, at + 2 + i) * scale;
        }
      }
      case DType.Q4_0 -> {
        float scale = Float.float16ToFloat(in.get(SHORT, at));
        for (int i = 0; i < 16; i++) {
          int pair = in.get(BYTE, at + 2 + i);
          out[to + i] = ((pair & 0xf) - 8) * scale;
          out[to + i + 16] = ((pair >> 4 & 0xf) - 8) * scale;
        }
      }
      case AffineType affine -> readGroup(affine, in, at, out, to);
    }
  }

  private static void readGroup(AffineType type, MemorySegment in, long at, float[] out, int to) {
    float[] scaleAndBias = new float[2];
    read(type.scales(), in.asSlice(at), 0, scaleAndBias);
    long quants = at + 2L * type.scales().blockBytes();
    int bits = type.bits();
    for (int i = 0; i < type.groupSize(); i++) {
      int bit = i * bits;
      int low = in.get(BYTE, quants + bit / Byte.SIZE) & 0xff;
      boolean crosses = bit % Byte.SIZE + bits > Byte.SIZE;
      int high = crosses ? in.get(BYTE, quants + bit / Byte.SIZE + 1) & 0xff : 0;
      int quant = (high << Byte.SIZE | low) >> bit % Byte.SIZE & (1 << bits) - 1;
      out[to + i] = quant * scaleAndBias[0] + scaleAndBias[1];
    }
  }
}
