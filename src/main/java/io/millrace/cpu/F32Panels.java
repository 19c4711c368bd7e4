package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Plain f32, in {@code [cols, 16]} order: for weights, and for what other formats expand to. */
final class F32Panels implements Panels {
  /** Bytes from one column to the next. */
  static final int STEP = ROWS * Float.BYTES;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LE);

  @Override
  public long bytes(int cols) {
    return (long) cols * STEP;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    for (int row = 0; row < rows; row++) {
      for (int col = 0; col < cols; col++) {
        float value = source.get(FLOAT, ((long) row * cols + col) * Float.BYTES);
        finite &= Float.isFinite(value);
        panel.set(FLOAT, (long) col * STEP + row * Float.BYTES, value);
      }
    }
    return finite;
  }

  @Override
  public void multiplyOne(
      PanelWeight weight, int v0, int v1, int v2, int v3, float[] x, int xAt, float[] y, int yAt) {
    MemorySegment w = weight.memory();
    long p0 = at(weight, v0);
    long p1 = at(weight, v1);
    long p2 = at(weight, v2);
    long p3 = at(weight, v3);
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int k = 0; k < weight.cols(); k++) {
      FloatVector xk = FloatVector.broadcast(F, x[xAt + k]);
      long step = (long) k * STEP;
      a0 = FloatVector.fromMemorySegment(F, w, p0 + step, LE).fma(xk, a0);
      a1 = FloatVector.fromMemorySegment(F, w, p1 + step, LE).fma(xk, a1);
      a2 = FloatVector.fromMemorySegment(F, w, p2 + step, LE).fma(xk, a2);
      a3 = FloatVector.fromMemorySegment(F, w, p3 + step, LE).fma(xk, a3);
    }
    a0.intoArray(y, yAt + v0 * Lanes.COUNT);
    a1.intoArray(y, yAt + v1 * Lanes.COUNT);
    a2.intoArray(y, yAt + v2 * Lanes.COUNT);
    a3.intoArray(y, yAt + v3 * Lanes.COUNT);
  }

  @Override
  public void multiplyFour(
      PanelWeight weight,
      int v0,
      int v1,
      CpuActivation in,
      CpuActivation out,
      int first,
      int last) {
    MemorySegment w = weight.memory();
    long p0 = at(weight, v0);
    long p1 = at(weight, v1);
    int c1 = Math.min(first + 1, last);
    int c2 = Math.min(first + 2, last);
    int c3 = Math.min(first + 3, last);
    float[] x = in.data();
    int x0 = in.at(first);
    int x1 = in.at(c1);
    int x2 = in.at(c2);
    int x3 = in.at(c3);
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int k = 0; k < weight.cols(); k++) {
      long step = (long) k * STEP;
      FloatVector w0 = FloatVector.fromMemorySegment(F, w, p0 + step, LE);
      FloatVector w1 = FloatVector.fromMemorySegment(F, w, p1 + step, LE);
      FloatVector k0 = FloatVector.broadcast(F, x[x0 + k]);
      a0 = w0.fma(k0, a0);
      b0 = w1.fma(k0, b0);
      FloatVector k1 = FloatVector.broadcast(F, x[x1 + k]);
      a1 = w0.fma(k1, a1);
      b1 = w1.fma(k1, b1);
      FloatVector k2 = FloatVector.broadcast(F, x[x2 + k]);
      a2 = w0.fma(k2, a2);
      b2 = w1.fma(k2, b2);
      FloatVector k3 = FloatVector.broadcast(F, x[x3 + k]);
      a3 = w0.fma(k3, a3);
      b3 = w1.fma(k3, b3);
    }
    int r0 = v0 * Lanes.COUNT;
    int r1 = v1 * Lanes.COUNT;
    float[] y = out.data();
    a0.intoArray(y, out.at(first) + r0);
    b0.intoArray(y, out.at(first) + r1);
    a1.intoArray(y, out.at(c1) + r0);
    b1.intoArray(y, out.at(c1) + r1);
    a2.intoArray(y, out.at(c2) + r0);
    b2.intoArray(y, out.at(c2) + r1);
    a3.intoArray(y, out.at(c3) + r0);
    b3.intoArray(y, out.at(c3) + r1);
  }

  @Override
  public void expand(PanelWeight w, int panel, int from, int to, MemorySegment scratch, long at) {
    long bytes = bytes(to - from);
    MemorySegment.copy(w.memory(), panel * w.panelBytes() + bytes(from), scratch, at, bytes);
  }

  private static long at(PanelWeight w, int v) {
    return w.panelOf(v) + PanelWeight.laneOf(v) * Float.BYTES;
  }
}
