package io.millrace.tensor;

/**
 * Rotary position embedding (Su et al., 2021): pair {@code i} of a head at position {@code p} turns
 * by the angle {@code p · frequencies[i]}.
 *
 * @param frequencies {@code [rotated / 2]} radians per position; elements of a head beyond the
 *     rotated ones pass through
 * @param pairing which two elements of a head form pair {@code i}
 * @param scale factor on sine and cosine (1 unless the variant says otherwise, as YaRN does)
 */
public record Rope(double[] frequencies, Pairing pairing, float scale) {
  /** Where the two elements of a pair stand. */
  public enum Pairing {
    /** Elements {@code 2i} and {@code 2i + 1}: Meta's own order, also GGUF llama. */
    INTERLEAVED,
    /** Elements {@code i} and {@code i + rotated / 2}: Hugging Face's order. */
    HALF_SPLIT
  }

  /** The original: {@code frequencies[i] = base^(-2i / rotated)}. */
  public static Rope standard(int rotated, double base, Pairing pairing) {
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(base, -2.0 * i / rotated);
    }
    return new Rope(frequencies, pairing, 1);
  }

  /** Elements of a head that are rotated. */
  public int rotated() {
    return 2 * frequencies.length;
  }
}
