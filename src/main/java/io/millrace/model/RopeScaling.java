package io.millrace.model;

import io.millrace.tensor.Rope;
import io.millrace.tensor.Rope.Pairing;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;

/**
 * Variants of the rotary embedding for contexts longer than the model was first trained for, as <a
 * href="https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/models/rope_utils.py">mlx-lm</a>
 * defines them. In all of them pair {@code i} of {@code d} rotated elements starts from the
 * frequency {@code base^(-2i/d)}.
 *
 * @param rotated elements of a head that are rotated
 * @param base of the unscaled frequencies
 */
public record RopeScaling(int rotated, double base, Pairing pairing) {
  public RopeScaling {
    if (rotated < 2 || rotated % 2 != 0 || !(base >= 1) || Double.isInfinite(base)) {
      throw new IllegalArgumentException(
          "the rotary embedding rotates %d elements of a head with base %s, expected an even number"
                  .formatted(rotated, base)
              + " and a base of at least 1");
    }
  }

  /** Position interpolation: all frequencies divided by {@code factor}, 1 for no scaling. */
  public Rope linear(double factor) {
    requirePositive("factor", factor);
    return rope(i -> frequency(i) / factor, 1);
  }

  /** Each frequency divided by a factor of its own. */
  public Rope divided(float[] factors) {
    requireFactors("factors", factors);
    return rope(i -> frequency(i) / factors[i], 1);
  }

  /** Dynamic NTK: the base grows with the length of the sequence beyond {@code context}. */
  public Rope dynamicNtk(double factor, int context) {
    if (!(factor >= 1) || Double.isInfinite(factor)) {
      throw new IllegalArgumentException(
          "the rotary embedding has factor %s, expected at least 1".formatted(factor));
    }
    return new Rope(
        linear(1).frequencies(), pairing, 1, Optional.of(new Rope.DynamicNtk(factor, context)));
  }

  /**
   * Llama 3.1: wavelengths beyond {@code context / lowFactor} are stretched by {@code factor},
   * those below {@code context / highFactor} are not, those between are in part.
   */
  public Rope llama3(double factor, double lowFactor, double highFactor, double context) {
    requirePositive("factor", factor);
    requirePositive("low_freq_factor", lowFactor);
    requirePositive("original context", context);
    if (!(highFactor > lowFactor) || Double.isInfinite(highFactor)) {
      throw new IllegalArgumentException(
          "the rotary embedding has high_freq_factor %s, expected above low_freq_factor, %s"
              .formatted(highFactor, lowFactor));
    }
    return rope(
        i -> {
          double turns = context * frequency(i) / (2 * Math.PI);
          double kept = (turns - lowFactor) / (highFactor - lowFactor);
          double share = Math.clamp(kept, 0, 1);
          return frequency(i) * ((1 - share) / factor + share);
        },
        1);
  }

  /**
   * YaRN (Peng et al., 2023): pairs that turn more often than {@code betaFast} times in the
   * original context keep their frequency, those that turn less often than {@code betaSlow} times
   * have it divided by {@code factor}, those between are in part.
   *
   * @param context the original one
   * @param attention factor on queries and keys; see {@link #yarnAttention}
   */
  public Rope yarn(
      double factor, double context, double betaFast, double betaSlow, double attention) {
    requirePositive("factor", factor);
    requirePositive("original context", context);
    requirePositive("beta_fast", betaFast);
    requirePositive("beta_slow", betaSlow);
    requirePositive("attention factor", attention);
    double low = Math.max(0, Math.floor(pairThatTurns(betaFast, context)));
    double high = Math.min(rotated - 1, Math.ceil(pairThatTurns(betaSlow, context)));
    double width = high == low ? 0.001 : high - low; // no division by zero
    return rope(
        i -> {
          double divided = Math.clamp((i - low) / width, 0, 1);
          return frequency(i) * (divided / factor + 1 - divided);
        },
        (float) attention);
  }

  /** YaRN's factor on queries and keys for weights {@code mscale} and {@code mscaleAllDim}. */
  public static double yarnAttention(double factor, double mscale, double mscaleAllDim) {
    return yarnMscale(factor, mscale) / yarnMscale(factor, mscaleAllDim);
  }

  private static double yarnMscale(double factor, double weight) {
    return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
  }

  /** Position among the pairs, a fraction, of one that turns {@code turns} times in a context. */
  private double pairThatTurns(double turns, double context) {
    return rotated * Math.log(context / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  }

  /**
   * LongRoPE (Ding et al., 2024): each frequency divided by its long factor.
   *
   * @param context that it was extended to
   * @param original context
   */
  public Rope longRope(float[] longFactors, double context, double original) {
    requirePositive("context", context);
    requirePositive("original context", original);
    double extended = context / original;
    double scale = extended <= 1 ? 1 : Math.sqrt(1 + Math.log(extended) / Math.log(original));
    requirePositive("attention factor", scale);
    return scaled(divided(longFactors), (float) scale);
  }

  /** The same with another factor on sine and cosine. */
  public static Rope scaled(Rope rope, float scale) {
    return new Rope(rope.frequencies(), rope.pairing(), scale, rope.growth());
  }

  private double frequency(int pair) {
    return Math.pow(base, -2.0 * pair / rotated);
  }

  private Rope rope(IntToDoubleFunction frequency, float scale) {
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = frequency.applyAsDouble(i);
      if (!(frequencies[i] >= 0) || Double.isInfinite(frequencies[i])) {
        throw new IllegalArgumentException(
            "the rotary embedding turns pair %d by %s a position, expected a number"
                .formatted(i, frequencies[i]));
      }
    }
    return new Rope(frequencies, pairing, scale);
  }

  private void requireFactors(String what, float[] factors) {
    if (factors.length != rotated / 2) {
      throw new IllegalArgumentException(
          "the rotary embedding has %d %s, expected %d, one for each pair"
              .formatted(factors.length, what, rotated / 2));
    }
    for (float factor : factors) {
      requirePositive(what, factor);
    }
  }

  private static void requirePositive(String what, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          "the rotary embedding has %s %s, expected above 0".formatted(what, value));
    }
  }
}
