package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static io.millrace.cpu.Lanes.S;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Signed integers in blocks of 32 columns with one f16 scale: {@code Q8_0} and {@code Q4_0}. A
 * block of a panel is the 16 scales, then groups of 16 ints, one for each row, that hold 4 or 8
 * columns, the first in the highest bits: shifting right arithmetically gives the first column,
 * shifting left brings up the next.
 *
 * <p>The product of an 8-bit integer and an f16 scale is exact in f32.
 */
final class BlockPanels implements Panels {
  static final BlockPanels Q8_0 = new BlockPanels(8, 34);
  static final BlockPanels Q4_0 = new BlockPanels(4, 18);

  private static final int BLOCK = 32;

  /** Columns that the loops below take at a time. */
  private static final int QUAD = 4;

  private static final int SCALES = ROWS * Short.BYTES;
  private static final int GROUP = ROWS * Integer.BYTES;
  private static final int F16_SCALE = 2;

  /**
   * Lifts an f16's bits, shifted to their places in an f32, from its exponent bias of 15 to 127.
   */
  static final int F16_SHIFT = 13;

  static final int F16_MASK = 0x8fffe000;
  static final float F16_FACTOR = 0x1p112f;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LE);
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);

  private final int bits;
  private final int sourceBlock;

  private BlockPanels(int bits, int sourceBlock) {
    this.bits = bits;
    this.sourceBlock = sourceBlock;
  }

  private int blockBytes() {
    return SCALES + BLOCK * bits / Integer.SIZE * GROUP;
  }

  @Override
  public long bytes(int cols) {
    return (long) cols / BLOCK * blockBytes();
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    int blocks = cols / BLOCK;
    for (int row = 0; row < rows; row++) {
      for (int block = 0; block < blocks; block++) {
        long from = ((long) row * blocks + block) * sourceBlock;
        long to = (long) block * blockBytes();
        short scale = source.get(SHORT, from);
        finite &= Float.isFinite(Float.float16ToFloat(scale));
        panel.set(SHORT, to + row * Short.BYTES, scale);
        long group = to + SCALES + row * Integer.BYTES;
        if (bits == 8) {
          for (int i = 0; i < 8; i++) {
            int four = source.get(INT, from + F16_SCALE + i * Integer.BYTES);
            panel.set(INT, group + i * GROUP, Integer.reverseBytes(four));
          }
        } else {
          for (int i = 0; i < 2; i++) {
            int low = source.get(INT, from + F16_SCALE + 2 * i * Integer.BYTES);
            int high = source.get(INT, from + F16_SCALE + (2 * i + 1) * Integer.BYTES);
            panel.set(INT, group + i * GROUP, nibbles(low, high));
            panel.set(INT, group + (2 + i) * GROUP, nibbles(low >>> 4, high >>> 4));
          }
        }
      }
    }
    return finite;
  }

  /** The low nibbles of eight bytes, the first on top, made signed by turning their highest bit. */
  private static int nibbles(int first, int second) {
    return (Integer.compress(Integer.reverseBytes(first), 0x0f0f0f0f) << 16
            | Integer.compress(Integer.reverseBytes(second), 0x0f0f0f0f))
        ^ 0x88888888;
  }

  @Override
  public void multiplyOne(
      PanelWeight weight, int v0, int v1, int v2, int v3, float[] x, int xAt, float[] y, int yAt) {
    int y0 = yAt + v0 * Lanes.COUNT;
    int y1 = yAt + v1 * Lanes.COUNT;
    int y2 = yAt + v2 * Lanes.COUNT;
    int y3 = yAt + v3 * Lanes.COUNT;
    FloatVector.zero(F).intoArray(y, y0);
    FloatVector.zero(F).intoArray(y, y1);
    FloatVector.zero(F).intoArray(y, y2);
    FloatVector.zero(F).intoArray(y, y3);
    long s0 = scalesOf(weight, v0);
    long s1 = scalesOf(weight, v1);
    long s2 = scalesOf(weight, v2);
    long s3 = scalesOf(weight, v3);
    long q0 = quantsOf(weight, v0);
    long q1 = quantsOf(weight, v1);
    long q2 = quantsOf(weight, v2);
    long q3 = quantsOf(weight, v3);
    for (int k = 0; k < weight.cols(); k += BLOCK) {
      long at = (long) k / BLOCK * blockBytes();
      addOne(
          weight.memory(), at, s0, s1, s2, s3, q0, q1, q2, q3, bits, x, xAt + k, y, y0, y1, y2, y3);
    }
  }

  /**
   * Adds a block's columns to the sums in {@code y}. A method of its own, in which every vector
   * stays in a register: the compiler gives up on vectors that live through loops in loops.
   */
  private static void addOne(
      MemorySegment w,
      long at,
      long s0,
      long s1,
      long s2,
      long s3,
      long q0,
      long q1,
      long q2,
      long q3,
      int bits,
      float[] x,
      int k,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3) {
    int right = Integer.SIZE - bits;
    FloatVector d0 = scale(w, at + s0);
    FloatVector d1 = scale(w, at + s1);
    FloatVector d2 = scale(w, at + s2);
    FloatVector d3 = scale(w, at + s3);
    FloatVector a0 = FloatVector.fromArray(F, y, y0);
    FloatVector a1 = FloatVector.fromArray(F, y, y1);
    FloatVector a2 = FloatVector.fromArray(F, y, y2);
    FloatVector a3 = FloatVector.fromArray(F, y, y3);
    for (int i = 0; i != BLOCK; i += QUAD) {
      long group = at + (long) (i * bits / Integer.SIZE) * GROUP;
      int left = i * bits % Integer.SIZE;
      IntVector w0 = IntVector.fromMemorySegment(I, w, q0 + group, LE).lanewise(LSHL, left);
      IntVector w1 = IntVector.fromMemorySegment(I, w, q1 + group, LE).lanewise(LSHL, left);
      IntVector w2 = IntVector.fromMemorySegment(I, w, q2 + group, LE).lanewise(LSHL, left);
      IntVector w3 = IntVector.fromMemorySegment(I, w, q3 + group, LE).lanewise(LSHL, left);
      FloatVector x0 = FloatVector.broadcast(F, x[k + i + 0]);
      FloatVector x1 = FloatVector.broadcast(F, x[k + i + 1]);
      FloatVector x2 = FloatVector.broadcast(F, x[k + i + 2]);
      FloatVector x3 = FloatVector.broadcast(F, x[k + i + 3]);
      a0 = ((FloatVector) w0.lanewise(ASHR, right).convert(I2F, 0)).mul(d0).fma(x0, a0);
      a0 =
          ((FloatVector) w0.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d0)
              .fma(x1, a0);
      a0 =
          ((FloatVector) w0.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d0)
              .fma(x2, a0);
      a0 =
          ((FloatVector) w0.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d0)
              .fma(x3, a0);
      a1 = ((FloatVector) w1.lanewise(ASHR, right).convert(I2F, 0)).mul(d1).fma(x0, a1);
      a1 =
          ((FloatVector) w1.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d1)
              .fma(x1, a1);
      a1 =
          ((FloatVector) w1.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d1)
              .fma(x2, a1);
      a1 =
          ((FloatVector) w1.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d1)
              .fma(x3, a1);
      a2 = ((FloatVector) w2.lanewise(ASHR, right).convert(I2F, 0)).mul(d2).fma(x0, a2);
      a2 =
          ((FloatVector) w2.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d2)
              .fma(x1, a2);
      a2 =
          ((FloatVector) w2.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d2)
              .fma(x2, a2);
      a2 =
          ((FloatVector) w2.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d2)
              .fma(x3, a2);
      a3 = ((FloatVector) w3.lanewise(ASHR, right).convert(I2F, 0)).mul(d3).fma(x0, a3);
      a3 =
          ((FloatVector) w3.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d3)
              .fma(x1, a3);
      a3 =
          ((FloatVector) w3.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d3)
              .fma(x2, a3);
      a3 =
          ((FloatVector) w3.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0))
              .mul(d3)
              .fma(x3, a3);
    }
    a0.intoArray(y, y0);
    a1.intoArray(y, y1);
    a2.intoArray(y, y2);
    a3.intoArray(y, y3);
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
    int c1 = Math.min(first + 1, last);
    int c2 = Math.min(first + 2, last);
    int c3 = Math.min(first + 3, last);
    int r0 = v0 * Lanes.COUNT;
    int r1 = v1 * Lanes.COUNT;
    float[] y = out.data();
    for (int column = first; column <= Math.min(first + 3, last); column++) {
      FloatVector.zero(F).intoArray(y, out.at(column) + r0);
      FloatVector.zero(F).intoArray(y, out.at(column) + r1);
    }
    long s0 = scalesOf(weight, v0);
    long s1 = scalesOf(weight, v1);
    long q0 = quantsOf(weight, v0);
    long q1 = quantsOf(weight, v1);
    for (int k = 0; k < weight.cols(); k += BLOCK) {
      addFour(
          weight.memory(),
          (long) k / BLOCK * blockBytes(),
          s0,
          s1,
          q0,
          q1,
          bits,
          in.data(),
          in.at(first) + k,
          in.at(c1) + k,
          in.at(c2) + k,
          in.at(c3) + k,
          y,
          out.at(first),
          out.at(c1),
          out.at(c2),
          out.at(c3),
          r0,
          r1);
    }
  }

  /** As {@link #addOne}, of four columns by two vectors of rows. */
  private static void addFour(
      MemorySegment w,
      long at,
      long s0,
      long s1,
      long q0,
      long q1,
      int bits,
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      float[] y,
      int y0,
      int y1,
      int y2,
      int y3,
      int r0,
      int r1) {
    int right = Integer.SIZE - bits;
    FloatVector d0 = scale(w, at + s0);
    FloatVector d1 = scale(w, at + s1);
    FloatVector a0 = FloatVector.fromArray(F, y, y0 + r0);
    FloatVector b0 = FloatVector.fromArray(F, y, y0 + r1);
    FloatVector a1 = FloatVector.fromArray(F, y, y1 + r0);
    FloatVector b1 = FloatVector.fromArray(F, y, y1 + r1);
    FloatVector a2 = FloatVector.fromArray(F, y, y2 + r0);
    FloatVector b2 = FloatVector.fromArray(F, y, y2 + r1);
    FloatVector a3 = FloatVector.fromArray(F, y, y3 + r0);
    FloatVector b3 = FloatVector.fromArray(F, y, y3 + r1);
    for (int i = 0; i != BLOCK; i += QUAD) {
      long group = at + (long) (i * bits / Integer.SIZE) * GROUP;
      int left = i * bits % Integer.SIZE;
      IntVector w0 = IntVector.fromMemorySegment(I, w, q0 + group, LE).lanewise(LSHL, left);
      IntVector w1 = IntVector.fromMemorySegment(I, w, q1 + group, LE).lanewise(LSHL, left);
      FloatVector f00 = ((FloatVector) w0.lanewise(ASHR, right).convert(I2F, 0)).mul(d0);
      FloatVector f01 = ((FloatVector) w1.lanewise(ASHR, right).convert(I2F, 0)).mul(d1);
      FloatVector k00 = FloatVector.broadcast(F, x[x0 + i + 0]);
      a0 = f00.fma(k00, a0);
      b0 = f01.fma(k00, b0);
      FloatVector k01 = FloatVector.broadcast(F, x[x1 + i + 0]);
      a1 = f00.fma(k01, a1);
      b1 = f01.fma(k01, b1);
      FloatVector k02 = FloatVector.broadcast(F, x[x2 + i + 0]);
      a2 = f00.fma(k02, a2);
      b2 = f01.fma(k02, b2);
      FloatVector k03 = FloatVector.broadcast(F, x[x3 + i + 0]);
      a3 = f00.fma(k03, a3);
      b3 = f01.fma(k03, b3);
      FloatVector f10 =
          ((FloatVector) w0.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d0);
      FloatVector f11 =
          ((FloatVector) w1.lanewise(LSHL, bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d1);
      FloatVector k10 = FloatVector.broadcast(F, x[x0 + i + 1]);
      a0 = f10.fma(k10, a0);
      b0 = f11.fma(k10, b0);
      FloatVector k11 = FloatVector.broadcast(F, x[x1 + i + 1]);
      a1 = f10.fma(k11, a1);
      b1 = f11.fma(k11, b1);
      FloatVector k12 = FloatVector.broadcast(F, x[x2 + i + 1]);
      a2 = f10.fma(k12, a2);
      b2 = f11.fma(k12, b2);
      FloatVector k13 = FloatVector.broadcast(F, x[x3 + i + 1]);
      a3 = f10.fma(k13, a3);
      b3 = f11.fma(k13, b3);
      FloatVector f20 =
          ((FloatVector) w0.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d0);
      FloatVector f21 =
          ((FloatVector) w1.lanewise(LSHL, 2 * bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d1);
      FloatVector k20 = FloatVector.broadcast(F, x[x0 + i + 2]);
      a0 = f20.fma(k20, a0);
      b0 = f21.fma(k20, b0);
      FloatVector k21 = FloatVector.broadcast(F, x[x1 + i + 2]);
      a1 = f20.fma(k21, a1);
      b1 = f21.fma(k21, b1);
      FloatVector k22 = FloatVector.broadcast(F, x[x2 + i + 2]);
      a2 = f20.fma(k22, a2);
      b2 = f21.fma(k22, b2);
      FloatVector k23 = FloatVector.broadcast(F, x[x3 + i + 2]);
      a3 = f20.fma(k23, a3);
      b3 = f21.fma(k23, b3);
      FloatVector f30 =
          ((FloatVector) w0.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d0);
      FloatVector f31 =
          ((FloatVector) w1.lanewise(LSHL, 3 * bits).lanewise(ASHR, right).convert(I2F, 0)).mul(d1);
      FloatVector k30 = FloatVector.broadcast(F, x[x0 + i + 3]);
      a0 = f30.fma(k30, a0);
      b0 = f31.fma(k30, b0);
      FloatVector k31 = FloatVector.broadcast(F, x[x1 + i + 3]);
      a1 = f30.fma(k31, a1);
      b1 = f31.fma(k31, b1);
      FloatVector k32 = FloatVector.broadcast(F, x[x2 + i + 3]);
      a2 = f30.fma(k32, a2);
      b2 = f31.fma(k32, b2);
      FloatVector k33 = FloatVector.broadcast(F, x[x3 + i + 3]);
      a3 = f30.fma(k33, a3);
      b3 = f31.fma(k33, b3);
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

  @Override
  public void expand(PanelWeight w, int panel, int from, int to, MemorySegment scratch, long at) {
    for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
      long block = panel * w.panelBytes() + (long) from / BLOCK * blockBytes();
      long out = at + lane * Float.BYTES;
      for (int k = from; k < to; k += BLOCK) {
        long quants = block + SCALES + lane * Integer.BYTES;
        expandBlock(w.memory(), block + lane * Short.BYTES, quants, bits, scratch, out);
        block += blockBytes();
        out += (long) BLOCK * F32Panels.STEP;
      }
    }
  }

  private static void expandBlock(
      MemorySegment w, long scales, long quants, int bits, MemorySegment scratch, long out) {
    int right = Integer.SIZE - bits;
    FloatVector d = scale(w, scales);
    for (int i = 0; i != BLOCK; i += QUAD) {
      IntVector q =
          ints(w, quants + (long) (i * bits / Integer.SIZE) * GROUP, i * bits % Integer.SIZE);
      long to = out + (long) i * F32Panels.STEP;
      weight(q, right, d).intoMemorySegment(scratch, to, LE);
      weight(q.lanewise(LSHL, bits), right, d).intoMemorySegment(scratch, to + F32Panels.STEP, LE);
      weight(q.lanewise(LSHL, 2 * bits), right, d)
          .intoMemorySegment(scratch, to + 2 * F32Panels.STEP, LE);
      weight(q.lanewise(LSHL, 3 * bits), right, d)
          .intoMemorySegment(scratch, to + 3 * F32Panels.STEP, LE);
    }
  }

  private static long scalesOf(PanelWeight weight, int v) {
    return weight.panelOf(v) + PanelWeight.laneOf(v) * Short.BYTES;
  }

  private static long quantsOf(PanelWeight weight, int v) {
    return weight.panelOf(v) + SCALES + PanelWeight.laneOf(v) * Integer.BYTES;
  }

  /** The ints at {@code at}, with the bits of the wanted column on top. */
  private static IntVector ints(MemorySegment w, long at, int left) {
    return IntVector.fromMemorySegment(I, w, at, LE).lanewise(LSHL, left);
  }

  private static FloatVector scale(MemorySegment w, long at) {
    return ((IntVector) ShortVector.fromMemorySegment(S, w, at, LE).convertShape(S2I, I, 0))
        .lanewise(LSHL, F16_SHIFT)
        .and(F16_MASK)
        .reinterpretAsFloats()
        .mul(F16_FACTOR);
  }

  private static FloatVector weight(IntVector q, int right, FloatVector scale) {
    return ((FloatVector) q.lanewise(ASHR, right).convert(I2F, 0)).mul(scale);
  }
}
