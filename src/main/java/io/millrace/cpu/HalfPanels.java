package io.millrace.cpu;

import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static io.millrace.cpu.Lanes.S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * 16-bit floats, in {@code [cols, 16]} order: {@code F16} and {@code BF16}. Their bits, shifted to
 * where an f32 has them, are a number with the wrong exponent bias; multiplying by a power of two
 * puts that right, subnormals included.
 */
final class HalfPanels implements Panels {
  /** Where an f32 has the bits of an f16: the sign is spread over those between. */
  static final int F16_SHIFT = 13;

  static final int F16_MASK = 0x8fffe000;

  /** Lifts an exponent bias of 15 to 127. */
  static final float F16_FACTOR = 0x1p112f;

  static final HalfPanels F16 = new HalfPanels(F16_SHIFT, F16_MASK, F16_FACTOR, 0x7c00);
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
        finite &= finite(value);
        panel.set(SHORT, (long) col * STEP + row * Short.BYTES, value);
      }
    }
    return finite;
  }

  /** Copies one number of each row, and returns whether all are finite: scales of other formats. */
  boolean packOne(
      MemorySegment source, long from, long rowBytes, int rows, MemorySegment panel, long to) {
    boolean allFinite = true;
    for (int row = 0; row < rows; row++) {
      short value = source.get(SHORT, from + row * rowBytes);
      allFinite &= finite(value);
      panel.set(SHORT, to + row * Short.BYTES, value);
    }
    return allFinite;
  }

  private boolean finite(short value) {
    return (value & exponent) != exponent;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    long in = panel + (long) from * STEP;
    for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
      decode(memory, in + lane * Short.BYTES, shift, mask, factor, to - from, out, at + lane);
    }
  }

  private static void decode(
      MemorySegment w, long in, int shift, int mask, float factor, int count, float[] out, int at) {
    for (int k = 0; k < count; k++) {
      ((IntVector) ShortVector.fromMemorySegment(S, w, in + k * STEP, LE).convertShape(S2I, I, 0))
          .lanewise(LSHL, shift)
          .and(mask)
          .reinterpretAsFloats()
          .mul(factor)
          .intoArray(out, at + k * ROWS);
    }
  }
}
