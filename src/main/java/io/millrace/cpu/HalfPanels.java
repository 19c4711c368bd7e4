package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static io.millrace.cpu.Lanes.S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * 16-bit floats, in {@code [cols, 16]} order: {@code F16} and {@code BF16}. Their bits, shifted to
 * where an f32 has them, are a number with the wrong exponent bias; multiplying by a power of two
 * puts that right, subnormals included.
 */
final class HalfPanels implements Panels {
  static final HalfPanels F16 = new HalfPanels(13, 0x8fffe000, 0x1p112f, 0x7c00);
  static final HalfPanels BF16 = new HalfPanels(16, -1, 1, 0x7f80);

  private static final int STEP = ROWS * Short.BYTES;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);

  private final int shift;
  private final int mask;
  private final float factor;

  /** All ones in an infinity or NaN. */
  private final int exponent;

  private HalfPanels(int shift, int mask, float factor, int exponent) {
    this.shift = shift;
    this.mask = mask;
    this.factor = factor;
    this.exponent = exponent;
  }

  @Override
  public long bytes(int cols) {
    return (long) cols * STEP;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    for (int row = 0; row < rows; row++) {
      for (int col = 0; col < cols; col++) {
        short value = source.get(SHORT, ((long) row * cols + col) * Short.BYTES);
        finite &= (value & exponent) != exponent;
        panel.set(SHORT, (long) col * STEP + row * Short.BYTES, value);
      }
    }
    return finite;
  }

  @Override
  public void multiplyOne(
      PanelWeight weight, int v0, int v1, int v2, int v3, float[] x, int xAt, float[] y, int yAt) {
    MemorySegment w = weight.memory();
    int shift = this.shift;
    int mask = this.mask;
    float factor = this.factor;
    long p0 = weight.panelOf(v0) + PanelWeight.laneOf(v0) * Short.BYTES;
    long p1 = weight.panelOf(v1) + PanelWeight.laneOf(v1) * Short.BYTES;
    long p2 = weight.panelOf(v2) + PanelWeight.laneOf(v2) * Short.BYTES;
    long p3 = weight.panelOf(v3) + PanelWeight.laneOf(v3) * Short.BYTES;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    for (int k = 0; k < weight.cols(); k++) {
      FloatVector xk = FloatVector.broadcast(F, x[xAt + k]);
      long step = (long) k * STEP;
      a0 = weight(w, p0 + step, shift, mask, factor).fma(xk, a0);
      a1 = weight(w, p1 + step, shift, mask, factor).fma(xk, a1);
      a2 = weight(w, p2 + step, shift, mask, factor).fma(xk, a2);
      a3 = weight(w, p3 + step, shift, mask, factor).fma(xk, a3);
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
    int shift = this.shift;
    int mask = this.mask;
    float factor = this.factor;
    long p0 = weight.panelOf(v0) + PanelWeight.laneOf(v0) * Short.BYTES;
    long p1 = weight.panelOf(v1) + PanelWeight.laneOf(v1) * Short.BYTES;
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
      FloatVector w0 = weight(w, p0 + step, shift, mask, factor);
      FloatVector w1 = weight(w, p1 + step, shift, mask, factor);
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
    int shift = this.shift;
    int mask = this.mask;
    float factor = this.factor;
    long in = panel * w.panelBytes() + (long) from * STEP;
    for (int k = 0; k < to - from; k++) {
      for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
        weight(w.memory(), in + (long) k * STEP + lane * Short.BYTES, shift, mask, factor)
            .intoMemorySegment(scratch, at + (long) k * F32Panels.STEP + lane * Float.BYTES, LE);
      }
    }
  }

  private static FloatVector weight(MemorySegment w, long at, int shift, int mask, float factor) {
    return ((IntVector) ShortVector.fromMemorySegment(S, w, at, LE).convertShape(S2I, I, 0))
        .lanewise(LSHL, shift)
        .and(mask)
        .reinterpretAsFloats()
        .mul(factor);
  }
}
