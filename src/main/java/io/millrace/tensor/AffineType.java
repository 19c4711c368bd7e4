package io.millrace.tensor;

import java.util.Set;

/**
 * MLX's affine quantization: {@code groupSize} elements of a row share a scale and a bias, and
 * element {@code i} is {@code scale · q[i] + bias} with {@code q[i]} of {@code bits} bits. A
 * checkpoint holds scales, biases and quants as three tensors ({@link AffineSource}); as a block
 * they stand together: the scale, the bias, then the quants as one little-endian stream of bits,
 * first element lowest.
 *
 * @param bits of an element: 2, 3, 4, 5, 6 or 8
 * @param groupSize elements of a group: 32, 64 or 128
 * @param scales type of scales and biases: F16, BF16 or F32
 */
public record AffineType(int bits, int groupSize, DType scales) implements WeightType {
  private static final Set<Integer> BITS = Set.of(2, 3, 4, 5, 6, 8);
  private static final Set<Integer> GROUP_SIZES = Set.of(32, 64, 128);
  private static final Set<DType> SCALES = Set.of(DType.F16, DType.BF16, DType.F32);

  public AffineType {
    if (!BITS.contains(bits) || !GROUP_SIZES.contains(groupSize) || !SCALES.contains(scales)) {
      throw new IllegalArgumentException(
          "affine quantization has %d bits, groups of %d and scales of type %s, expected"
                  .formatted(bits, groupSize, scales)
              + " 2, 3, 4, 5, 6 or 8 bits, groups of 32, 64 or 128, and F16, BF16 or F32");
    }
  }

  @Override
  public int blockSize() {
    return groupSize;
  }

  @Override
  public int blockBytes() {
    return 2 * scales.blockBytes() + quantBytes();
  }

  /** Bytes of a group's quants. */
  public int quantBytes() {
    return groupSize * bits / Byte.SIZE;
  }

  /** Such as {@code affine 4-bit g64 F16}. */
  @Override
  public String toString() {
    return "affine %d-bit g%d %s".formatted(bits, groupSize, scales);
  }
}
