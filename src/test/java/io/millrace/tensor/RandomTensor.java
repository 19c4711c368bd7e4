package io.millrace.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** A tensor in memory, of random or given elements. */
public record RandomTensor(String name, DType dtype, int rows, int cols, byte[] content)
    implements TensorSource {

  /** Elements of either sign, none far above 1. */
  public static RandomTensor of(DType dtype, int rows, int cols, long seed) {
    Random random = new Random(seed);
    ByteBuffer bytes = buffer(dtype, rows, cols);
    while (bytes.hasRemaining()) {
      switch (dtype) {
        case F32 -> bytes.putFloat(random.nextFloat(-1, 1));
        case F16 -> bytes.putShort(Float.floatToFloat16(random.nextFloat(-1, 1)));
        case BF16 -> bytes.putShort((short) (Float.floatToIntBits(random.nextFloat(-1, 1)) >> 16));
        default -> bytes.put(block(dtype, random));
      }
    }
    return new RandomTensor("random." + dtype, dtype, rows, cols, bytes.array());
  }

  /** A block of random numbers under scales that keep its elements small. */
  private static byte[] block(DType dtype, Random random) {
    byte[] block = new byte[dtype.blockBytes()];
    random.nextBytes(block);
    float[] elements = new float[dtype.blockSize()];
    putScales(dtype, block, 1);
    Dequantizer.read(dtype, MemorySegment.ofArray(block), 0, elements);
    float largest = 0;
    for (float element : elements) {
      largest = Math.max(largest, Math.abs(element));
    }
    putScales(dtype, block, random.nextFloat(-1, 1) / Math.max(1, largest));
    return block;
  }

  private static void putScales(DType dtype, byte[] block, float scale) {
    int[] places =
        switch (dtype) {
          case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
          case Q2_K -> new int[] {80, 82};
          case Q3_K -> new int[] {108};
          case Q6_K -> new int[] {208};
          default -> new int[] {0};
        };
    for (int place : places) {
      ByteBuffer.wrap(block)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putShort(place, Float.floatToFloat16(scale));
    }
  }

  /** The given rows, in f32. */
  public static RandomTensor of(float[]... values) {
    ByteBuffer bytes = buffer(DType.F32, values.length, values[0].length);
    for (float[] row : values) {
      for (float value : row) {
        bytes.putFloat(value);
      }
    }
    return new RandomTensor("given", DType.F32, values.length, values[0].length, bytes.array());
  }

  private static ByteBuffer buffer(DType dtype, int rows, int cols) {
    return ByteBuffer.allocate(Math.toIntExact(dtype.bytes((long) rows * cols)))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public MemorySegment map(Arena arena) {
    MemorySegment mapped = arena.allocate(content.length);
    mapped.copyFrom(MemorySegment.ofArray(content));
    return mapped.asReadOnly();
  }
}
