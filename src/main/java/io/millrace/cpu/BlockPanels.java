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
    MemorySegment w = weight.memory();
    int left = bits;
    int right = Integer.SIZE - bits;
    int perGroup = Integer.SIZE / bits;
    int blockBytes = blockBytes();
    long s0 = weight.panelOf(v0);
    long s1 = weight.panelOf(v1);
    long s2 = weight.panelOf(v2);
    long s3 = weight.panelOf(v3);
    int l0 = PanelWeight.laneOf(v0);
    int l1 = PanelWeight.laneOf(v1);
    int l2 = PanelWeight.laneOf(v2);
    int l3 = PanelWeight.laneOf(v3);
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int end = xAt + weight.cols();
    for (int k = xAt; k < end; ) {
      FloatVector d0 = scale(w, s0 + l0 * Short.BYTES);
      FloatVector d1 = scale(w, s1 + l1 * Short.BYTES);
      FloatVector d2 = scale(w, s2 + l2 * Short.BYTES);
      FloatVector d3 = scale(w, s3 + l3 * Short.BYTES);
      for (int group = SCALES; group < blockBytes; group += GROUP) {
        IntVector q0 = IntVector.fromMemorySegment(I, w, s0 + group + l0 * Integer.BYTES, LE);
        IntVector q1 = IntVector.fromMemorySegment(I, w, s1 + group + l1 * Integer.BYTES, LE);
        IntVector q2 = IntVector.fromMemorySegment(I, w, s2 + group + l2 * Integer.BYTES, LE);
        IntVector q3 = IntVector.fromMemorySegment(I, w, s3 + group + l3 * Integer.BYTES, LE);
        for (int i = 0; i < perGroup; i++, k++) {
          FloatVector xk = FloatVector.broadcast(F, x[k]);
          a0 = weight(q0, right, d0).fma(xk, a0);
          a1 = weight(q1, right, d1).fma(xk, a1);
          a2 = weight(q2, right, d2).fma(xk, a2);
          a3 = weight(q3, right, d3).fma(xk, a3);
          q0 = q0.lanewise(LSHL, left);
          q1 = q1.lanewise(LSHL, left);
          q2 = q2.lanewise(LSHL, left);
          q3 = q3.lanewise(LSHL, left);
        }
      }
      s0 += blockBytes;
      s1 += blockBytes;
      s2 += blockBytes;
      s3 += blockBytes;
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
    int left = bits;
    int right = Integer.SIZE - bits;
    int perGroup = Integer.SIZE / bits;
    int blockBytes = blockBytes();
    long s0 = weight.panelOf(v0);
    long s1 = weight.panelOf(v1);
    int l0 = PanelWeight.laneOf(v0);
    int l1 = PanelWeight.laneOf(v1);
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
    for (int k = 0; k < weight.cols(); ) {
      FloatVector d0 = scale(w, s0 + l0 * Short.BYTES);
      FloatVector d1 = scale(w, s1 + l1 * Short.BYTES);
      for (int group = SCALES; group < blockBytes; group += GROUP) {
        IntVector q0 = IntVector.fromMemorySegment(I, w, s0 + group + l0 * Integer.BYTES, LE);
        IntVector q1 = IntVector.fromMemorySegment(I, w, s1 + group + l1 * Integer.BYTES, LE);
        for (int i = 0; i < perGroup; i++, k++) {
          FloatVector w0 = weight(q0, right, d0);
          FloatVector w1 = weight(q1, right, d1);
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
          q0 = q0.lanewise(LSHL, left);
          q1 = q1.lanewise(LSHL, left);
        }
      }
      s0 += blockBytes;
      s1 += blockBytes;
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
    int left = bits;
    int right = Integer.SIZE - bits;
    int perGroup = Integer.SIZE / bits;
    int blockBytes = blockBytes();
    for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
      long block = panel * w.panelBytes() + (long) from / BLOCK * blockBytes;
      long out = at + lane * Float.BYTES;
      for (int k = from; k < to; k += BLOCK) {
        FloatVector d = scale(w.memory(), block + lane * Short.BYTES);
        for (int group = SCALES; group < blockBytes; group += GROUP) {
          IntVector q =
              IntVector.fromMemorySegment(I, w.memory(), block + group + lane * Integer.BYTES, LE);
          for (int i = 0; i < perGroup; i++) {
            weight(q, right, d).intoMemorySegment(scratch, out, LE);
            q = q.lanewise(LSHL, left);
            out += F32Panels.STEP;
          }
        }
        block += blockBytes;
      }
    }
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
