package io.millrace.tensor;

/**
 * How the elements of a weight are stored: blocks of {@link #blockSize()} elements in {@link
 * #blockBytes()} bytes. A row of a matrix is a whole number of blocks. What the bytes mean is
 * defined by {@link Dequantizer}.
 */
public sealed interface WeightType permits DType, AffineType {
  /** Elements in a block: 1 for the plain types. */
  int blockSize();

  /** Bytes of a block. */
  int blockBytes();

  /**
   * Bytes that {@code elements} take.
   *
   * @throws IllegalArgumentException when they are not a whole number of blocks
   * @throws ArithmeticException when the size does not fit a long
   */
  default long bytes(long elements) {
    if (elements < 0 || elements % blockSize() != 0) {
      throw new IllegalArgumentException(
          "%d elements of %s are not a whole number of blocks of %d"
              .formatted(elements, this, blockSize()));
    }
    return Math.multiplyExact(elements / blockSize(), (long) blockBytes());
  }
}
