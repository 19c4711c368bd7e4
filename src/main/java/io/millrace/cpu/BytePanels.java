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
  private static final int L = Lanes.COUNT;
  private static final int SCALES = ROWS * Short.BYTES;
  private static final int PANEL_BLOCK = SCALES + BLOCK * ROWS;
  private static final int SOURCE_BLOCK = Short.BYTES + BLOCK;

  /** Vectors of rows that {@link #multiply} takes. */
  static final int MULTIPLIED = 8;

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
   * {@code y[16 · panel..] += w · x} for a column {@code x} and the rows of eight vectors, from
   * {@code panel} on, decoded in registers: four streams of memory, far apart.
   *
   * @param scales eight vectors to work with
   */
  static void multiply(PanelWeight w, int panel, float[] x, float[] y, float[] scales) {
    int panels = 2 / VECTORS; // to a pair of vectors
    long p0 = panel * w.panelBytes();
    long p1 = p0 + panels * w.panelBytes();
    long p2 = p1 + panels * w.panelBytes();
    long p3 = p2 + panels * w.panelBytes();
    long nextScales = panels == 1 ? Lanes.COUNT * Short.BYTES : w.panelBytes();
    long next = panels == 1 ? Lanes.COUNT : w.panelBytes();
    for (int k = 0; k < w.cols(); k += BLOCK) {
      long block = (long) k / BLOCK * PANEL_BLOCK;
      decodeScales(w.memory(), p0 + block, nextScales, scales, 0);
      decodeScales(w.memory(), p1 + block, nextScales, scales, 2 * Lanes.COUNT);
      decodeScales(w.memory(), p2 + block, nextScales, scales, 4 * Lanes.COUNT);
      decodeScales(w.memory(), p3 + block, nextScales, scales, 6 * Lanes.COUNT);
      long quants = block + SCALES;
      multiplyBlock(
          w.memory(),
          p0 + quants,
          p1 + quants,
          p2 + quants,
          p3 + quants,
          next,
          scales,
          x,
          k,
          y,
          panel * ROWS);
    }
  }

  private static void decodeScales(MemorySegment w, long from, long next, float[] to, int at) {
    Lanes.halves(w, from).intoArray(to, at);
    Lanes.halves(w, from + next).intoArray(to, at + Lanes.COUNT);
  }

  /**
   * Goes on with the sums in {@code y}. A method of its own, in which every sum stays in a
   * register: the compiler gives up on vectors that live through loops in loops.
   */
  private static void multiplyBlock(
      MemorySegment w,
      long q0,
      long q1,
      long q2,
      long q3,
      long next,
      float[] scales,
      float[] x,
      int xAt,
      float[] y,
      int at) {
    FloatVector a0 = FloatVector.fromArray(F, y, at);
    FloatVector b0 = FloatVector.fromArray(F, y, at + L);
    FloatVector a1 = FloatVector.fromArray(F, y, at + 2 * L);
    FloatVector b1 = FloatVector.fromArray(F, y, at + 3 * L);
    FloatVector a2 = FloatVector.fromArray(F, y, at + 4 * L);
    FloatVector b2 = FloatVector.fromArray(F, y, at + 5 * L);
    FloatVector a3 = FloatVector.fromArray(F, y, at + 6 * L);
    FloatVector b3 = FloatVector.fromArray(F, y, at + 7 * L);
    for (int k = 0; k < BLOCK; k++) {
      FloatVector xk = FloatVector.broadcast(F, x[xAt + k]);
      long column = k * ROWS;
      ByteVector v0 = ByteVector.fromMemorySegment(B, w, q0 + column, LE);
      FloatVector d0 = FloatVector.fromArray(F, scales, 0 * L);
      a0 = ((FloatVector) v0.convertShape(B2F, F, 0)).mul(d0).fma(xk, a0);
      ByteVector w0 = ByteVector.fromMemorySegment(B, w, q0 + next + column, LE);
      FloatVector e0 = FloatVector.fromArray(F, scales, 1 * L);
      b0 = ((FloatVector) w0.convertShape(B2F, F, 0)).mul(e0).fma(xk, b0);
      ByteVector v1 = ByteVector.fromMemorySegment(B, w, q1 + column, LE);
      FloatVector d1 = FloatVector.fromArray(F, scales, 2 * L);
      a1 = ((FloatVector) v1.convertShape(B2F, F, 0)).mul(d1).fma(xk, a1);
      ByteVector w1 = ByteVector.fromMemorySegment(B, w, q1 + next + column, LE);
      FloatVector e1 = FloatVector.fromArray(F, scales, 3 * L);
      b1 = ((FloatVector) w1.convertShape(B2F, F, 0)).mul(e1).fma(xk, b1);
      ByteVector v2 = ByteVector.fromMemorySegment(B, w, q2 + column, LE);
      FloatVector d2 = FloatVector.fromArray(F, scales, 4 * L);
      a2 = ((FloatVector) v2.convertShape(B2F, F, 0)).mul(d2).fma(xk, a2);
      ByteVector w2 = ByteVector.fromMemorySegment(B, w, q2 + next + column, LE);
      FloatVector e2 = FloatVector.fromArray(F, scales, 5 * L);
      b2 = ((FloatVector) w2.convertShape(B2F, F, 0)).mul(e2).fma(xk, b2);
      ByteVector v3 = ByteVector.fromMemorySegment(B, w, q3 + column, LE);
      FloatVector d3 = FloatVector.fromArray(F, scales, 6 * L);
      a3 = ((FloatVector) v3.convertShape(B2F, F, 0)).mul(d3).fma(xk, a3);
      ByteVector w3 = ByteVector.fromMemorySegment(B, w, q3 + next + column, LE);
      FloatVector e3 = FloatVector.fromArray(F, scales, 7 * L);
      b3 = ((FloatVector) w3.convertShape(B2F, F, 0)).mul(e3).fma(xk, b3);
    }
    a0.intoArray(y, at);
    b0.intoArray(y, at + L);
    a1.intoArray(y, at + 2 * L);
    b1.intoArray(y, at + 3 * L);
    a2.intoArray(y, at + 4 * L);
    b2.intoArray(y, at + 5 * L);
    a3.intoArray(y, at + 6 * L);
    b3.intoArray(y, at + 7 * L);
  }
}
