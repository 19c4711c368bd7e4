package io.millrace.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.stream.Stream;

/** A tensor of random groups in affine quantization. */
public record RandomGroups(String name, AffineType dtype, int rows, int cols, byte[] content)
    implements TensorSource {

  /** Every type of affine quantization. */
  public static Stream<AffineType> types() {
    return Stream.of(2, 3, 4, 5, 6, 8)
        .flatMap(bits ->
            Stream.of(32, 64, 128)
                .flatMap(group ->
                    Stream.of(DType.F16, DType.BF16, DType.F32)
                        .map(scales -> new AffineType(bits, group, scales))));
  }

  /** Groups of a random scale, bias and quants each. */
  public static RandomGroups of(AffineType type, int rows, int cols, long seed) {
    Random random = new Random(seed);
    byte[] quants = new byte[type.quantBytes()];
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(type.bytes((long) rows * cols)))
            .order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      putFactor(bytes, type.scales(), random.nextFloat(-1, 1) / (1 << type.bits()));
      putFactor(bytes, type.scales(), random.nextFloat(-1, 1));
      random.nextBytes(quants);
      bytes.put(quants);
    }
    return new RandomGroups(type.toString(), type, rows, cols, bytes.array());
  }

  private static void putFactor(ByteBuffer bytes, DType type, float factor) {
    switch (type) {
      case F16 -> bytes.putShort(Float.floatToFloat16(factor));
      case BF16 -> bytes.putShort((short) (Float.floatToIntBits(factor) >> 16));
      default -> bytes.putFloat(factor);
    }
  }

  @Override
  public MemorySegment map(Arena arena) {
    return arena.allocate(content.length).copyFrom(MemorySegment.ofArray(content));
  }
}
