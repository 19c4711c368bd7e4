package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;

/**
 * exp of whole arrays. Made of exactly rounded vector operations only: {@code lanewise(EXP)} of the
 * Vector API gives other bits before compilation than after it, which would break batch invariance.
 *
 * <p>{@code exp(x) = 2ⁿ · exp(r)} with {@code r = x - n · ln 2}, {@code |r| ≤ ln(2)/2}, the
 * subtraction in two steps (Cody and Waite, 1980) and exp(r) by the polynomial of Cephes' expf
 * (Moshier, 1989). Within 2 ulp from -87 to 88; 0 below; exp(88) above; NaN stays NaN.
 */
final class Exponential {
  private static final float LOWEST = -87;
  private static final float HIGHEST = 88;
  private static final float LOG2_E = 1.44269504f;
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;

  /** Adding it rounds a small float to an integer, which then stands in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  private static final int FRACTION_BITS = 23;
  private static final int ONE = 0x3f800000;

  private Exponential() {}

  /**
   * {@code to[toAt + i] = exp(factor · (from[fromAt + i] - shift))} for {@code count} elements, a
   * whole number of vectors.
   */
  static void exp(
      float[] from, int fromAt, float shift, float factor, float[] to, int toAt, int count) {
    for (int i = 0; i < count; i += Lanes.COUNT) {
      FloatVector given = FloatVector.fromArray(F, from, fromAt + i).sub(shift).mul(factor);
      FloatVector x = given.blend(HIGHEST, given.compare(GT, HIGHEST));
      FloatVector rounded = x.mul(LOG2_E).add(ROUNDER);
      FloatVector n = rounded.sub(ROUNDER);
      FloatVector r =
          n.fma(FloatVector.broadcast(F, -LN2_LOW), n.fma(FloatVector.broadcast(F, -LN2_HIGH), x));
      FloatVector p = r.mul(1.9875691500e-4f).add(1.3981999507e-3f);
      p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
      p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
      p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
      p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
      p = p.fma(r.mul(r), r).add(1);
      FloatVector power =
          rounded.reinterpretAsInts().lanewise(LSHL, FRACTION_BITS).add(ONE).reinterpretAsFloats();
      p.mul(power).blend(0, x.compare(LT, LOWEST)).intoArray(to, toAt + i);
    }
  }
}
