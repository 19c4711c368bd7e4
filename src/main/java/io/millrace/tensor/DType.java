package io.millrace.tensor;

/**
 * How the elements of a weight are stored. Quantized types store blocks of {@link #blockSize()}
 * elements in {@link #blockBytes()} bytes; a row of a matrix is a whole number of blocks.
 *
 * <p>The block layouts are those of ggml: {@code Q8_0} is an f16 scale followed by 32 signed bytes,
 * {@code Q4_0} an f16 scale followed by 16 bytes whose low nibbles are elements 0–15 and whose high
 * nibbles are elements 16–31, each minus 8.
 */
public enum DType implements WeightType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  Q8_0(32, 34),
  Q4_0(32, 18);

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
