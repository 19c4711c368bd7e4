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
        case Q8_0, Q4_0 -> {
          float largest = dtype == DType.Q8_0 ? 128 : 8;
          bytes.putShort(Float.floatToFloat16(random.nextFloat(-1, 1) / largest));
          byte[] elements = new byte[dtype.blockBytes() - Short.BYTES];
          random.nextBytes(elements);
          bytes.put(elements);
        }
      }
    }
    return new RandomTensor("random." + dtype, dtype, rows, cols, bytes.array());
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
