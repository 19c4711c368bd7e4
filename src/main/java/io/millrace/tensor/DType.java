package io.millrace.tensor;

/**
 * Plain numbers, and the block quantizations of <a
 * href="https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h">ggml</a> under its names.
 * {@link Dequantizer} says what the bytes of a block mean.
 */
public enum DType implements WeightType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  /** An f16 scale, then 32 signed bytes. */
  Q8_0(32, 34),
  /** An f16 scale, then 32 nibbles, each minus 8. */
  Q4_0(32, 18),
  /** An f16 scale and an f16 minimum, then 32 nibbles. */
  Q4_1(32, 20),
  /** An f16 scale, then 32 fifth bits and 32 nibbles, each number minus 16. */
  Q5_0(32, 22),
  /** An f16 scale and an f16 minimum, then 32 fifth bits and 32 nibbles. */
  Q5_1(32, 24),
  /** 16 groups with 4-bit scales and minimums, 2-bit numbers, f16 factors of both. */
  Q2_K(256, 84),
  /** Third bits, 2-bit numbers, 16 groups with 6-bit scales, an f16 factor. */
  Q3_K(256, 110),
  /** f16 factors, 8 groups with 6-bit scales and minimums, 4-bit numbers. */
  Q4_K(256, 144),
  /** f16 factors, 8 groups with 6-bit scales and minimums, fifth bits, 4-bit numbers. */
  Q5_K(256, 176),
  /** Low nibbles, high pairs of bits, 16 groups with signed 8-bit scales, an f16 factor. */
  Q6_K(256, 210),
  /** An f16 scale, then 32 nibbles that stand for entries of a table. */
  IQ4_NL(32, 18),
  /** An f16 factor, 8 groups with 6-bit scales, nibbles that stand for entries of a table. */
  IQ4_XS(256, 136);

  private final int blockSize;
  private final int blockBytes;

  DType(int blockSize, int blockBytes) {
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  @Override
  public int blockSize() {
    return blockSize;
  }

  @Override
  public int blockBytes() {
    return blockBytes;
  }
}
