package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;

import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops: some vectors of decoded rows by some columns. The sums stay in registers and
 * go on from what {@code sums} holds. Eight of them: with sixteen registers, the compiler spills
 * more.
 */
final class Tiles {
  /** Columns of {@link #four}. */
  static final int COLUMNS = 4;

  private static final int L = Lanes.COUNT;

  private Tiles() {}

  /**
   * Two vectors of rows by four columns.
   *
   * @param w decoded rows; the vectors of the first column begin at {@code w0} and {@code w1},
   *     those of the next {@link Panels#ROWS} on
   * @param x inputs in {@code [count, 4]} order from {@code xAt} on
   * @param sums eight vectors from {@code at} on, the two of the first column first
   */
  static void four(float[] w, int w0, int w1, int count, float[] x, int xAt, float[] sums, int at) {
    FloatVector a0 = FloatVector.fromArray(F, sums, at);
    FloatVector b0 = FloatVector.fromArray(F, sums, at + L);
    FloatVector a1 = FloatVector.fromArray(F, sums, at + 2 * L);
    FloatVector b1 = FloatVector.fromArray(F, sums, at + 3 * L);
    FloatVector a2 = FloatVector.fromArray(F, sums, at + 4 * L);
    FloatVector b2 = FloatVector.fromArray(F, sums, at + 5 * L);
    FloatVector a3 = FloatVector.fromArray(F, sums, at + 6 * L);
    FloatVector b3 = FloatVector.fromArray(F, sums, at + 7 * L);
    for (int k = 0; k < count; k++) {
      FloatVector a = FloatVector.fromArray(F, w, w0 + k * Panels.ROWS);
      FloatVector b = FloatVector.fromArray(F, w, w1 + k * Panels.ROWS);
      int column = xAt + k * COLUMNS;
      FloatVector x0 = FloatVector.broadcast(F, x[column]);
      a0 = a.fma(x0, a0);
      b0 = b.fma(x0, b0);
      FloatVector x1 = FloatVector.broadcast(F, x[column + 1]);
      a1 = a.fma(x1, a1);
      b1 = b.fma(x1, b1);
      FloatVector x2 = FloatVector.broadcast(F, x[column + 2]);
      a2 = a.fma(x2, a2);
      b2 = b.fma(x2, b2);
      FloatVector x3 = FloatVector.broadcast(F, x[column + 3]);
      a3 = a.fma(x3, a3);
      b3 = b.fma(x3, b3);
    }
    a0.intoArray(sums, at);
    b0.intoArray(sums, at + L);
    a1.intoArray(sums, at + 2 * L);
    b1.intoArray(sums, at + 3 * L);
    a2.intoArray(sums, at + 4 * L);
    b2.intoArray(sums, at + 5 * L);
    a3.intoArray(sums, at + 6 * L);
    b3.intoArray(sums, at + 7 * L);
  }

  /**
   * Four vectors of rows by one column; the sums are four vectors from {@code at} on.
   *
   * @param x inputs from {@code xAt} on
   */
  static void one(
      float[] w,
      int w0,
      int w1,
      int w2,
      int w3,
      int count,
      float[] x,
      int xAt,
      float[] sums,
      int at) {
    FloatVector a0 = FloatVector.fromArray(F, sums, at);
    FloatVector a1 = FloatVector.fromArray(F, sums, at + L);
    FloatVector a2 = FloatVector.fromArray(F, sums, at + 2 * L);
    FloatVector a3 = FloatVector.fromArray(F, sums, at + 3 * L);
    for (int k = 0; k < count; k++) {
      FloatVector xk = FloatVector.broadcast(F, x[xAt + k]);
      int row = k * Panels.ROWS;
      a0 = FloatVector.fromArray(F, w, w0 + row).fma(xk, a0);
      a1 = FloatVector.fromArray(F, w, w1 + row).fma(xk, a1);
      a2 = FloatVector.fromArray(F, w, w2 + row).fma(xk, a2);
      a3 = FloatVector.fromArray(F, w, w3 + row).fma(xk, a3);
    }
    a0.intoArray(sums, at);
    a1.intoArray(sums, at + L);
    a2.intoArray(sums, at + 2 * L);
    a3.intoArray(sums, at + 3 * L);
  }
}
