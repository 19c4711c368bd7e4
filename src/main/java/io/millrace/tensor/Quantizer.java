package io.millrace.tensor;

/**
 * How numbers become {@code Q8_0}, as ggml does it: each block of {@link #BLOCK} numbers has one
 * scale, the largest magnitude over 127. What comes back is {@code quant · f16(scale)}.
 */
public final class Quantizer {
  /** Numbers under one scale. */
  public static final int BLOCK = DType.Q8_0.blockSize();

  private static final float LARGEST = Byte.MAX_VALUE;

  private Quantizer() {}

  /**
   * The scale of a block, before it is rounded to f16. Infinite or NaN where a number is: then all
   * of the block comes back as NaN.
   */
  public static float scale(float[] x, int from) {
    float largest = 0;
    for (int i = from; i < from + BLOCK; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest / LARGEST;
  }

  /** The nearest multiple of a block's scale, as its factor. */
  public static byte quant(float x, float scale) {
    return scale > 0 ? (byte) Math.clamp(Math.rint(x / scale), -LARGEST, LARGEST) : 0;
  }
}
