package io.millrace.tensor;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Rotary position embedding (Su et al., 2021): pair {@code i} of a head at position {@code p} turns
 * by {@link #angle angle(p, i)}, which is {@code p · frequencies[i]} unless the base grows with the
 * position.
 *
 * @param frequencies {@code [rotated / 2]} radians per position; elements of a head beyond the
 *     rotated ones pass through
 * @param pairing which two elements of a head form pair {@code i}
 * @param scale factor on sine and cosine (1 unless the variant says otherwise, as YaRN does)
 * @param growth how the base grows with the position
 */
public record Rope(
    double[] frequencies, Pairing pairing, float scale, Optional<DynamicNtk> growth) {
  /** Where the two elements of a pair stand. */
  public enum Pairing {
    /** Elements {@code 2i} and {@code 2i + 1}: Meta's own order, also GGUF llama. */
    INTERLEAVED,
    /** Elements {@code i} and {@code i + rotated / 2}: Hugging Face's order. */
    HALF_SPLIT
  }

  /**
   * Dynamic NTK scaling: beyond the original context the base grows by {@code (factor · n / context
   * - (factor - 1))^(d / (d - 2))}, {@code n} being the length of the sequence and {@code d} the
   * rotated elements. A token is rotated for the length that its sequence has at its own position,
   * as when tokens come one by one; so its keys do not depend on what follows.
   *
   * @param factor of the scaling
   * @param context positions up to which nothing is scaled
   */
  public record DynamicNtk(double factor, int context) {
    private double baseGrowth(int position, int rotated) {
      double length = Math.max(position + 1, context);
      return Math.pow(factor * length / context - (factor - 1), rotated / (rotated - 2.0));
    }
  }

  public Rope {
    requireNonNull(growth, "growth is null");
    if (growth.isPresent() && frequencies.length < 2) {
      throw new IllegalArgumentException("dynamic NTK scaling rotates at least two pairs");
    }
  }

  /** One whose base does not grow. */
  public Rope(double[] frequencies, Pairing pairing, float scale) {
    this(frequencies, pairing, scale, Optional.empty());
  }

  /** The original: {@code frequencies[i] = base^(-2i / rotated)}. */
  public static Rope standard(int rotated, double base, Pairing pairing) {
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(base, -2.0 * i / rotated);
    }
    return new Rope(frequencies, pairing, 1);
  }

  /** Radians by which a pair turns at a position. */
  public double angle(int position, int pair) {
    double angle = position * frequencies[pair];
    return growth.isEmpty() || position < growth.get().context()
        ? angle
        : angle * Math.pow(growth.get().baseGrowth(position, rotated()), -2.0 * pair / rotated());
  }

  /** Elements of a head that are rotated. */
  public int rotated() {
    return 2 * frequencies.length;
  }
}
