package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops over many columns: two vectors of rows, decoded to f32, by a few columns. The
 * sums stay in registers over columns {@code from} to {@code to} of the weights and go on from what
 * {@code out} holds. All the weights and all the inputs of a tile are used as often as registers
 * allow.
 *
 * <p>Where fewer columns are left than a tile has, the last one is computed several times over and
 * written alike.
 */
final class Tiles {
  private Tiles() {}

  /** Six columns from {@code first} on, or as many as there are up to {@code last}. */
  static void six(
      MemorySegment w,
      long w0,
      long w1,
      int r0,
      int r1,
      int from,
      int to,
      CpuActivation in,
      CpuActivation out,
      int first,
      int last) {
    int c1 = Math.min(first + 1, last);
    int c2 = Math.min(first + 2, last);
    int c3 = Math.min(first + 3, last);
    int c4 = Math.min(first + 4, last);
    int c5 = Math.min(first + 5, last);
    float[] x = in.data();
    int x0 = in.at(first);
    int x1 = in.at(c1);
    int x2 = in.at(c2);
    int x3 = in.at(c3);
    int x4 = in.at(c4);
    int x5 = in.at(c5);
    float[] y = out.data();
    int y0 = out.at(first);
    int y1 = out.at(c1);
    int y2 = out.at(c2);
    int y3 = out.at(c3);
    int y4 = out.at(c4);
    int y5 = out.at(c5);
    FloatVector a0 = FloatVector.fromArray(F, y, y0 + r0);
    FloatVector b0 = FloatVector.fromArray(F, y, y0 + r1);
    FloatVector a1 = FloatVector.fromArray(F, y, y1 + r0);
    FloatVector b1 = FloatVector.fromArray(F, y, y1 + r1);
    FloatVector a2 = FloatVector.fromArray(F, y, y2 + r0);
    FloatVector b2 = FloatVector.fromArray(F, y, y2 + r1);
    FloatVector a3 = FloatVector.fromArray(F, y, y3 + r0);
    FloatVector b3 = FloatVector.fromArray(F, y, y3 + r1);
    FloatVector a4 = FloatVector.fromArray(F, y, y4 + r0);
    FloatVector b4 = FloatVector.fromArray(F, y, y4 + r1);
    FloatVector a5 = FloatVector.fromArray(F, y, y5 + r0);
    FloatVector b5 = FloatVector.fromArray(F, y, y5 + r1);
    for (int k = from; k < to; k++) {
      long step = (long) (k - from) * F32Panels.STEP;
      FloatVector wa = FloatVector.fromMemorySegment(F, w, w0 + step, LE);
      FloatVector wb = FloatVector.fromMemorySegment(F, w, w1 + step, LE);
      FloatVector k0 = FloatVector.broadcast(F, x[x0 + k]);
      a0 = wa.fma(k0, a0);
      b0 = wb.fma(k0, b0);
      FloatVector k1 = FloatVector.broadcast(F, x[x1 + k]);
      a1 = wa.fma(k1, a1);
      b1 = wb.fma(k1, b1);
      FloatVector k2 = FloatVector.broadcast(F, x[x2 + k]);
      a2 = wa.fma(k2, a2);
      b2 = wb.fma(k2, b2);
      FloatVector k3 = FloatVector.broadcast(F, x[x3 + k]);
      a3 = wa.fma(k3, a3);
      b3 = wb.fma(k3, b3);
      FloatVector k4 = FloatVector.broadcast(F, x[x4 + k]);
      a4 = wa.fma(k4, a4);
      b4 = wb.fma(k4, b4);
      FloatVector k5 = FloatVector.broadcast(F, x[x5 + k]);
      a5 = wa.fma(k5, a5);
      b5 = wb.fma(k5, b5);
    }
    a0.intoArray(y, y0 + r0);
    b0.intoArray(y, y0 + r1);
    a1.intoArray(y, y1 + r0);
    b1.intoArray(y, y1 + r1);
    a2.intoArray(y, y2 + r0);
    b2.intoArray(y, y2 + r1);
    a3.intoArray(y, y3 + r0);
    b3.intoArray(y, y3 + r1);
    a4.intoArray(y, y4 + r0);
    b4.intoArray(y, y4 + r1);
    a5.intoArray(y, y5 + r0);
    b5.intoArray(y, y5 + r1);
  }

  /** Four columns from {@code first} on, or as many as there are up to {@code last}. */
  static void four(
      MemorySegment w,
      long w0,
      long w1,
      int r0,
      int r1,
      int from,
      int to,
      CpuActivation in,
      CpuActivation out,
      int first,
      int last) {
    int c1 = Math.min(first + 1, last);
    int c2 = Math.min(first + 2, last);
    int c3 = Math.min(first + 3, last);
    float[] x = in.data();
    int x0 = in.at(first);
    int x1 = in.at(c1);
    int x2 = in.at(c2);
    int x3 = in.at(c3);
    float[] y = out.data();
    int y0 = out.at(first);
    int y1 = out.at(c1);
    int y2 = out.at(c2);
    int y3 = out.at(c3);
    FloatVector a0 = FloatVector.fromArray(F, y, y0 + r0);
    FloatVector b0 = FloatVector.fromArray(F, y, y0 + r1);
    FloatVector a1 = FloatVector.fromArray(F, y, y1 + r0);
    FloatVector b1 = FloatVector.fromArray(F, y, y1 + r1);
    FloatVector a2 = FloatVector.fromArray(F, y, y2 + r0);
    FloatVector b2 = FloatVector.fromArray(F, y, y2 + r1);
    FloatVector a3 = FloatVector.fromArray(F, y, y3 + r0);
    FloatVector b3 = FloatVector.fromArray(F, y, y3 + r1);
    for (int k = from; k < to; k++) {
      long step = (long) (k - from) * F32Panels.STEP;
      FloatVector wa = FloatVector.fromMemorySegment(F, w, w0 + step, LE);
      FloatVector wb = FloatVector.fromMemorySegment(F, w, w1 + step, LE);
      FloatVector k0 = FloatVector.broadcast(F, x[x0 + k]);
      a0 = wa.fma(k0, a0);
      b0 = wb.fma(k0, b0);
      FloatVector k1 = FloatVector.broadcast(F, x[x1 + k]);
      a1 = wa.fma(k1, a1);
      b1 = wb.fma(k1, b1);
      FloatVector k2 = FloatVector.broadcast(F, x[x2 + k]);
      a2 = wa.fma(k2, a2);
      b2 = wb.fma(k2, b2);
      FloatVector k3 = FloatVector.broadcast(F, x[x3 + k]);
      a3 = wa.fma(k3, a3);
      b3 = wb.fma(k3, b3);
    }
    a0.intoArray(y, y0 + r0);
    b0.intoArray(y, y0 + r1);
    a1.intoArray(y, y1 + r0);
    b1.intoArray(y, y1 + r1);
    a2.intoArray(y, y2 + r0);
    b2.intoArray(y, y2 + r1);
    a3.intoArray(y, y3 + r0);
    b3.intoArray(y, y3 + r1);
  }

  /** Two columns from {@code first} on, or as many as there are up to {@code last}. */
  static void two(
      MemorySegment w,
      long w0,
      long w1,
      int r0,
      int r1,
      int from,
      int to,
      CpuActivation in,
      CpuActivation out,
      int first,
      int last) {
    int c1 = Math.min(first + 1, last);
    float[] x = in.data();
    int x0 = in.at(first);
    int x1 = in.at(c1);
    float[] y = out.data();
    int y0 = out.at(first);
    int y1 = out.at(c1);
    FloatVector a0 = FloatVector.fromArray(F, y, y0 + r0);
    FloatVector b0 = FloatVector.fromArray(F, y, y0 + r1);
    FloatVector a1 = FloatVector.fromArray(F, y, y1 + r0);
    FloatVector b1 = FloatVector.fromArray(F, y, y1 + r1);
    for (int k = from; k < to; k++) {
      long step = (long) (k - from) * F32Panels.STEP;
      FloatVector wa = FloatVector.fromMemorySegment(F, w, w0 + step, LE);
      FloatVector wb = FloatVector.fromMemorySegment(F, w, w1 + step, LE);
      FloatVector k0 = FloatVector.broadcast(F, x[x0 + k]);
      a0 = wa.fma(k0, a0);
      b0 = wb.fma(k0, b0);
      FloatVector k1 = FloatVector.broadcast(F, x[x1 + k]);
      a1 = wa.fma(k1, a1);
      b1 = wb.fma(k1, b1);
    }
    a0.intoArray(y, y0 + r0);
    b0.intoArray(y, y0 + r1);
    a1.intoArray(y, y1 + r0);
    b1.intoArray(y, y1 + r1);
  }
}
