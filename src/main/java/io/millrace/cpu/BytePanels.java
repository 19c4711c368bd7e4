package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@code Q8_0}: signed bytes in blocks of 32 columns with one f16 scale. A panel is the scales in
 * {@code [blocks, 16]} order, then words of four columns in {@code [cols / 4, 16]} order.
 *
 * <p>The product of an 8-bit integer and an f16 scale is exact in f32.
 */
final class BytePanels implements Panels {
  private static final int BLOCK = 32;
  private static final int L = Lanes.COUNT;
  private static final int SCALES = ROWS * Short.BYTES;
  private static final int SOURCE_BLOCK = Short.BYTES + BLOCK;

  /** Columns of a word. */
  private static final int WORD = Integer.BYTES;

  /** Vectors of rows that {@link #multiply} takes. */
  static final int MULTIPLIED = 4;

  /** Columns whose scales {@link #multiply} has decoded at once. */
  private static final int PART = 1024;

  @Override
  public long bytes(int cols) {
    return words(cols) + (long) cols * ROWS;
  }

  /** Where the words of a panel begin. */
  private static long words(int cols) {
    return (long) cols / BLOCK * SCALES;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    int blocks = cols / BLOCK;
    long rowBytes = (long) blocks * SOURCE_BLOCK;
    for (int block = 0; block < blocks; block++) {
      long from = (long) block * SOURCE_BLOCK;
      long words = words(cols) + (long) block * BLOCK * ROWS;
      finite &= HalfPanels.F16.packOne(source, from, rowBytes, rows, panel, block * SCALES);
      Interleave.words(source, from + Short.BYTES, rowBytes, rows, BLOCK / WORD, panel, words);
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    for (int k = from; k < to; k += BLOCK) {
      long scales = panel + (long) k / BLOCK * SCALES;
      long words = panel + words(cols) + (long) k * ROWS;
      for (int lane = 0; lane < ROWS; lane += L) {
        decodeBlock(
            memory,
            scales + lane * Short.BYTES,
            words + lane * WORD,
            out,
            at + (k - from) * ROWS + lane);
      }
    }
  }

  private static void decodeBlock(MemorySegment w, long scales, long words, float[] out, int at) {
    FloatVector scale = Lanes.halves(w, scales);
    for (int k = 0; k < BLOCK; k += WORD) {
      IntVector word = IntVector.fromMemorySegment(I, w, words + k * ROWS, LE);
      int to = at + k * ROWS;
      ((FloatVector) word.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoArray(out, to);
      ((FloatVector) word.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoArray(out, to + ROWS);
      ((FloatVector) word.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoArray(out, to + 2 * ROWS);
      ((FloatVector) word.lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoArray(out, to + 3 * ROWS);
    }
  }

  /**
   * {@code y += w · x} for a column {@code x} and the rows of four vectors, decoded in registers.
   *
   * @param vector the first of the vectors
   * @param y sums, the four vectors' from {@code at} on
   * @param scales working memory
   */
  static void multiply(PanelWeight w, int vector, float[] x, float[] y, int at, float[] scales) {
    long words = words(w.cols());
    for (int from = 0; from < w.cols(); from += PART) {
      int count = Math.min(PART, w.cols() - from);
      for (int i = 0; i < MULTIPLIED; i++) {
        long first = w.panelOf(vector + i) + PanelWeight.laneOf(vector + i) * Short.BYTES;
        decodeScales(w.memory(), first + from / BLOCK * SCALES, count / BLOCK, scales, i * L);
      }
      long part = words + (long) from * ROWS;
      multiplyPart(
          w.memory(),
          w.panelOf(vector) + part + PanelWeight.laneOf(vector) * WORD,
          w.panelOf(vector + 1) + part + PanelWeight.laneOf(vector + 1) * WORD,
          w.panelOf(vector + 2) + part + PanelWeight.laneOf(vector + 2) * WORD,
          w.panelOf(vector + 3) + part + PanelWeight.laneOf(vector + 3) * WORD,
          scales,
          x,
          from,
          count,
          y,
          at);
    }
  }

  private static void decodeScales(MemorySegment w, long from, int blocks, float[] to, int at) {
    for (int block = 0; block < blocks; block++) {
      Lanes.halves(w, from + block * SCALES).intoArray(to, at + block * MULTIPLIED * L);
    }
  }

  /**
   * One flat loop, in which every sum stays in a register: the compiler gives up on vectors that
   * live through loops in loops.
   */
  private static void multiplyPart(
      MemorySegment w,
      long w0,
      long w1,
      long w2,
      long w3,
      float[] scales,
      float[] x,
      int xAt,
      int count,
      float[] y,
      int at) {
    FloatVector y0 = FloatVector.fromArray(F, y, at + 0 * L);
    FloatVector y1 = FloatVector.fromArray(F, y, at + 1 * L);
    FloatVector y2 = FloatVector.fromArray(F, y, at + 2 * L);
    FloatVector y3 = FloatVector.fromArray(F, y, at + 3 * L);
    for (int k = 0; k < count; k += WORD) {
      long column = (long) ROWS * k;
      IntVector a = IntVector.fromMemorySegment(I, w, w0 + column, LE);
      IntVector b = IntVector.fromMemorySegment(I, w, w1 + column, LE);
      IntVector c = IntVector.fromMemorySegment(I, w, w2 + column, LE);
      IntVector d = IntVector.fromMemorySegment(I, w, w3 + column, LE);
      int block = k / BLOCK * MULTIPLIED * L;
      FloatVector da = FloatVector.fromArray(F, scales, block);
      FloatVector db = FloatVector.fromArray(F, scales, block + L);
      FloatVector dc = FloatVector.fromArray(F, scales, block + 2 * L);
      FloatVector dd = FloatVector.fromArray(F, scales, block + 3 * L);
      FloatVector x0 = FloatVector.broadcast(F, x[xAt + k]);
      y0 =
          ((FloatVector) a.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(da)
              .fma(x0, y0);
      y1 =
          ((FloatVector) b.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(db)
              .fma(x0, y1);
      y2 =
          ((FloatVector) c.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dc)
              .fma(x0, y2);
      y3 =
          ((FloatVector) d.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dd)
              .fma(x0, y3);
      FloatVector x1 = FloatVector.broadcast(F, x[xAt + k + 1]);
      y0 =
          ((FloatVector) a.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(da)
              .fma(x1, y0);
      y1 =
          ((FloatVector) b.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(db)
              .fma(x1, y1);
      y2 =
          ((FloatVector) c.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dc)
              .fma(x1, y2);
      y3 =
          ((FloatVector) d.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dd)
              .fma(x1, y3);
      FloatVector x2 = FloatVector.broadcast(F, x[xAt + k + 2]);
      y0 =
          ((FloatVector) a.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(da)
              .fma(x2, y0);
      y1 =
          ((FloatVector) b.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(db)
              .fma(x2, y1);
      y2 =
          ((FloatVector) c.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dc)
              .fma(x2, y2);
      y3 =
          ((FloatVector) d.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
              .mul(dd)
              .fma(x2, y3);
      FloatVector x3 = FloatVector.broadcast(F, x[xAt + k + 3]);
      y0 = ((FloatVector) a.lanewise(ASHR, 24).convert(I2F, 0)).mul(da).fma(x3, y0);
      y1 = ((FloatVector) b.lanewise(ASHR, 24).convert(I2F, 0)).mul(db).fma(x3, y1);
      y2 = ((FloatVector) c.lanewise(ASHR, 24).convert(I2F, 0)).mul(dc).fma(x3, y2);
      y3 = ((FloatVector) d.lanewise(ASHR, 24).convert(I2F, 0)).mul(dd).fma(x3, y3);
    }
    y0.intoArray(y, at + 0 * L);
    y1.intoArray(y, at + 1 * L);
    y2.intoArray(y, at + 2 * L);
    y3.intoArray(y, at + 3 * L);
  }
}
