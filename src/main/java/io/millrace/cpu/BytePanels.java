package io.millrace.cpu;

import static io.millrace.cpu.Lanes.B;
import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.B2F;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;

/**
 * {@code Q8_0}: signed bytes in blocks of 32 columns with one f16 scale. A block of a panel is the
 * 16 scales, then the bytes in {@code [32, 16]} order.
 *
 * <p>The product of an 8-bit integer and an f16 scale is exact in f32.
 */
final class BytePanels implements Panels {
  private static final int BLOCK = 32;
  private static final int SCALES = ROWS * Short.BYTES;
  private static final int PANEL_BLOCK = SCALES + BLOCK * ROWS;
  private static final int SOURCE_BLOCK = Short.BYTES + BLOCK;

  /**
   * Whether {@link #multiply} can: not where vectors are so short that the bytes of one are none.
   */
  static final boolean MULTIPLIES = B.length() == Lanes.COUNT;

  @Override
  public long bytes(int cols) {
    return (long) cols / BLOCK * PANEL_BLOCK;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    int blocks = cols / BLOCK;
    long rowBytes = (long) blocks * SOURCE_BLOCK;
    for (int block = 0; block < blocks; block++) {
      long from = (long) block * SOURCE_BLOCK;
      long to = (long) block * PANEL_BLOCK;
      finite &= HalfPanels.F16.packOne(source, from, rowBytes, rows, panel, to);
      Interleave.bytes(source, from + Short.BYTES, rowBytes, rows, BLOCK, panel, to + SCALES);
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    for (int k = from; k < to; k += BLOCK) {
      long block = panel + (long) k / BLOCK * PANEL_BLOCK;
      for (int lane = 0; lane < ROWS; lane += B.length()) {
        decodeBlock(
            memory,
            block + lane * Short.BYTES,
            block + SCALES + lane,
            out,
            at + (k - from) * ROWS + lane);
      }
    }
  }

  private static void decodeBlock(MemorySegment w, long scales, long bytes, float[] out, int at) {
    FloatVector low = Lanes.halves(w, scales);
    FloatVector high = Lanes.halves(w, scales + (B.length() - Lanes.COUNT) * Short.BYTES);
    for (int k = 0; k < BLOCK; k++) {
      ByteVector quants = ByteVector.fromMemorySegment(B, w, bytes + k * ROWS, LE);
      ((FloatVector) quants.convertShape(B2F, F, 0)).mul(low).intoArray(out, at + k * ROWS);
      if (B.length() > Lanes.COUNT) {
        ((FloatVector) quants.convertShape(B2F, F, 1))
            .mul(high)
            .intoArray(out, at + k * ROWS + Lanes.COUNT);
      }
    }
  }

  /**
   * {@code y += w · x} for a column {@code x} and four vectors of rows, from number {@code v0} of
   * the matrix on: decoded in registers. Where the matrix ends before, its last vector is computed
   * again, alike.
   */
  static void multiply(PanelWeight w, int v0, float[] x, float[] y) {
    int last = w.panels() * VECTORS - 1;
    int v1 = Math.min(v0 + 1, last);
    int v2 = Math.min(v0 + 2, last);
    int v3 = Math.min(v0 + 3, last);
    long p0 = w.panelOf(v0);
    long p1 = w.panelOf(v1);
    long p2 = w.panelOf(v2);
    long p3 = w.panelOf(v3);
    int l0 = PanelWeight.laneOf(v0);
    int l1 = PanelWeight.laneOf(v1);
    int l2 = PanelWeight.laneOf(v2);
    int l3 = PanelWeight.laneOf(v3);
    for (int k = 0; k < w.cols(); k += BLOCK) {
      long block = (long) k / BLOCK * PANEL_BLOCK;
      multiplyBlock(
          w.memory(),
          p0 + block,
          p1 + block,
          p2 + block,
          p3 + block,
          l0,
          l1,
          l2,
          l3,
          x,
          k,
          y,
          v0 * Lanes.COUNT,
          v1 * Lanes.COUNT,
          v2 * Lanes.COUNT,
          v3 * Lanes.COUNT);
    }
  }

  /**
   * Goes on with the sums in {@code y}. A method of its own, in which every vector stays in a
   * register: the compiler gives up on vectors that live through loops in loops.
   */
  private static void multiplyBlock(
      MemorySegment w,
      long b0,
      long b1,
      long b2,
      long b3,
      int l0,
      int l1,
      int l2,
      int l3,
      float[] x,
      int xAt,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3) {
    FloatVector d0 = Lanes.halves(w, b0 + l0 * Short.BYTES);
    FloatVector d1 = Lanes.halves(w, b1 + l1 * Short.BYTES);
    FloatVector d2 = Lanes.halves(w, b2 + l2 * Short.BYTES);
    FloatVector d3 = Lanes.halves(w, b3 + l3 * Short.BYTES);
    FloatVector a0 = FloatVector.fromArray(F, y, y0);
    FloatVector a1 = FloatVector.fromArray(F, y, y1);
    FloatVector a2 = FloatVector.fromArray(F, y, y2);
    FloatVector a3 = FloatVector.fromArray(F, y, y3);
    long q0 = b0 + SCALES + l0;
    long q1 = b1 + SCALES + l1;
    long q2 = b2 + SCALES + l2;
    long q3 = b3 + SCALES + l3;
    for (int k = 0; k < BLOCK; k++) {
      FloatVector xk = FloatVector.broadcast(F, x[xAt + k]);
      int column = k * ROWS;
      ByteVector w0 = ByteVector.fromMemorySegment(B, w, q0 + column, LE);
      a0 = ((FloatVector) w0.convertShape(B2F, F, 0)).mul(d0).fma(xk, a0);
      ByteVector w1 = ByteVector.fromMemorySegment(B, w, q1 + column, LE);
      a1 = ((FloatVector) w1.convertShape(B2F, F, 0)).mul(d1).fma(xk, a1);
      ByteVector w2 = ByteVector.fromMemorySegment(B, w, q2 + column, LE);
      a2 = ((FloatVector) w2.convertShape(B2F, F, 0)).mul(d2).fma(xk, a2);
      ByteVector w3 = ByteVector.fromMemorySegment(B, w, q3 + column, LE);
      a3 = ((FloatVector) w3.convertShape(B2F, F, 0)).mul(d3).fma(xk, a3);
    }
    a0.intoArray(y, y0);
    a1.intoArray(y, y1);
    a2.intoArray(y, y2);
    a3.intoArray(y, y3);
  }
}
