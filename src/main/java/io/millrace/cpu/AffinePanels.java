package io.millrace.cpu;

import static io.millrace.cpu.Lanes.B;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import io.millrace.tensor.AffineType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Affine quantization (MLX) of 4 or 8 bits with 16-bit scales. A group of a panel is the 16 scales,
 * the 16 biases, then the rows' bytes, the first of each row together: one column of 8 bits, or two
 * of 4, the first in the low half.
 */
record AffinePanels(AffineType dtype) implements Panels {
  private static final int FACTORS = ROWS * Short.BYTES;

  /** Whether a type is one of these. */
  static boolean have(AffineType dtype) {
    return (dtype.bits() == 4 || dtype.bits() == 8) && dtype.scales().blockBytes() == Short.BYTES;
  }

  private HalfPanels halves() {
    return (HalfPanels) Panels.of(dtype.scales());
  }

  private int panelGroup() {
    return 2 * FACTORS + dtype.quantBytes() * ROWS;
  }

  @Override
  public long bytes(int cols) {
    return (long) cols / dtype.groupSize() * panelGroup();
  }

  @Override
  public int step() {
    return Math.max(Panels.super.step(), dtype.groupSize());
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    int groups = cols / dtype.groupSize();
    long rowBytes = (long) groups * dtype.blockBytes();
    for (int group = 0; group < groups; group++) {
      long from = (long) group * dtype.blockBytes();
      long to = (long) group * panelGroup();
      for (int i = 0; i < 2; i++) {
        long factor = from + i * Short.BYTES;
        finite &= halves().packOne(source, factor, rowBytes, rows, panel, to + i * FACTORS);
      }
      long quants = from + 2 * Short.BYTES;
      Interleave.bytes(source, quants, rowBytes, rows, dtype.quantBytes(), panel, to + 2 * FACTORS);
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    int size = dtype.groupSize();
    float[] factors = new float[2 * ROWS];
    for (int k = from; k < to; k += size) {
      long group = panel + (long) k / size * panelGroup();
      halves().decode(memory, group, cols, 0, 2, factors, 0);
      for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
        int part = lane % B.length() / Lanes.COUNT;
        long quants = group + 2 * FACTORS + lane - part * Lanes.COUNT;
        int first = at + (k - from) * ROWS + lane;
        if (dtype.bits() == 4) {
          decodePairs(memory, quants, part, factors, lane, dtype.quantBytes(), out, first);
        } else {
          decodeBytes(memory, quants, part, factors, lane, dtype.quantBytes(), out, first);
        }
      }
    }
  }

  private static void decodePairs(
      MemorySegment w,
      long in,
      int part,
      float[] factors,
      int lane,
      int count,
      float[] out,
      int at) {
    FloatVector scale = FloatVector.fromArray(Lanes.F, factors, lane);
    FloatVector bias = FloatVector.fromArray(Lanes.F, factors, ROWS + lane);
    for (int i = 0; i < count; i++) {
      IntVector pair =
          (IntVector)
              ByteVector.fromMemorySegment(B, w, in + i * ROWS, LE).convertShape(B2I, I, part);
      int to = at + 2 * i * ROWS;
      ((FloatVector) pair.and(15).convert(I2F, 0)).fma(scale, bias).intoArray(out, to);
      ((FloatVector) pair.lanewise(LSHR, 4).and(15).convert(I2F, 0))
          .fma(scale, bias)
          .intoArray(out, to + ROWS);
    }
  }

  private static void decodeBytes(
      MemorySegment w,
      long in,
      int part,
      float[] factors,
      int lane,
      int count,
      float[] out,
      int at) {
    FloatVector scale = FloatVector.fromArray(Lanes.F, factors, lane);
    FloatVector bias = FloatVector.fromArray(Lanes.F, factors, ROWS + lane);
    for (int i = 0; i < count; i++) {
      IntVector quants =
          (IntVector)
              ByteVector.fromMemorySegment(B, w, in + i * ROWS, LE).convertShape(B2I, I, part);
      ((FloatVector) quants.and(255).convert(I2F, 0))
          .fma(scale, bias)
          .intoArray(out, at + i * ROWS);
    }
  }
}
