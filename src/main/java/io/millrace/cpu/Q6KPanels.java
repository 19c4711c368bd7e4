package io.millrace.cpu;

import static io.millrace.cpu.Lanes.B;
import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@code Q6_K}: blocks of 256 columns, sixteen groups of 16 with a signed 8-bit scale, and an f16
 * factor. A block of a panel is the 16 factors, then two parts of 128 columns: the 8 groups'
 * scales, then for each of 32 columns three bytes, whose bits are as in the checkpoint: the low
 * four bits of columns {@code k} and {@code k + 64}, those of {@code k + 32} and {@code k + 96},
 * and the high two of all four.
 */
final class Q6KPanels implements Panels {
  private static final int BLOCK = 256;
  private static final int PART = 128;
  private static final int QUARTER = PART / 4;
  private static final int GROUP = 16;
  private static final int SOURCE_BLOCK = 210;
  private static final int SOURCE_HIGH = BLOCK / 2;
  private static final int SOURCE_SCALES = SOURCE_HIGH + BLOCK / 4;
  private static final int SOURCE_FACTOR = SOURCE_SCALES + BLOCK / GROUP;

  private static final int FACTORS = ROWS * Short.BYTES;
  private static final int QUANTS = PART / GROUP * ROWS;
  private static final int COLUMN = 3 * ROWS;
  private static final int PANEL_PART = QUANTS + QUARTER * COLUMN;
  private static final int PANEL_BLOCK = FACTORS + BLOCK / PART * PANEL_PART;

  /** What is subtracted from six bits. */
  private static final int MIDDLE = 32;

  @Override
  public long bytes(int cols) {
    return (long) cols / BLOCK * PANEL_BLOCK;
  }

  @Override
  public int step() {
    return PART;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    int blocks = cols / BLOCK;
    long rowBytes = (long) blocks * SOURCE_BLOCK;
    for (int block = 0; block < blocks; block++) {
      long from = (long) block * SOURCE_BLOCK;
      long to = (long) block * PANEL_BLOCK;
      finite &= HalfPanels.F16.packOne(source, from + SOURCE_FACTOR, rowBytes, rows, panel, to);
      for (int part = 0; part < BLOCK / PART; part++) {
        long low = from + part * PART / 2;
        long high = from + SOURCE_HIGH + part * PART / 4;
        long scales = from + SOURCE_SCALES + part * PART / GROUP;
        long out = to + FACTORS + part * PANEL_PART;
        Interleave.bytes(source, scales, rowBytes, rows, PART / GROUP, panel, out);
        packQuants(source, low, rowBytes, rows, panel, out + QUANTS);
        packQuants(source, low + QUARTER, rowBytes, rows, panel, out + QUANTS + ROWS);
        packQuants(source, high, rowBytes, rows, panel, out + QUANTS + 2 * ROWS);
      }
    }
    return finite;
  }

  private static void packQuants(
      MemorySegment source, long from, long rowBytes, int rows, MemorySegment panel, long to) {
    Interleave.bytes(source, from, rowBytes, rows, QUARTER, panel, to, COLUMN, 0);
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    for (int k = from; k < to; k += PART) {
      long block = panel + (long) k / BLOCK * PANEL_BLOCK;
      long part = block + FACTORS + k % BLOCK / PART * PANEL_PART;
      for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
        int to0 = at + (k - from) * ROWS + lane;
        decodeGroups(memory, block, part, lane, 0, out, to0);
        decodeGroups(memory, block, part, lane, 1, out, to0 + GROUP * ROWS);
      }
    }
  }

  /** Group {@code which} of each quarter of a part. */
  private static void decodeGroups(
      MemorySegment w, long block, long bytes, int lane, int which, float[] out, int at) {
    int part = lane % B.length() / Lanes.COUNT;
    long scales = bytes + lane - part * Lanes.COUNT + which * ROWS;
    FloatVector d = Lanes.halves(w, block + lane * Short.BYTES);
    FloatVector d0 =
        ((FloatVector) ByteVector.fromMemorySegment(B, w, scales, LE).convertShape(B2F, F, part))
            .mul(d);
    FloatVector d1 =
        ((FloatVector)
                ByteVector.fromMemorySegment(B, w, scales + 2 * ROWS, LE)
                    .convertShape(B2F, F, part))
            .mul(d);
    FloatVector d2 =
        ((FloatVector)
                ByteVector.fromMemorySegment(B, w, scales + 4 * ROWS, LE)
                    .convertShape(B2F, F, part))
            .mul(d);
    FloatVector d3 =
        ((FloatVector)
                ByteVector.fromMemorySegment(B, w, scales + 6 * ROWS, LE)
                    .convertShape(B2F, F, part))
            .mul(d);
    long quants = bytes + lane - part * Lanes.COUNT + QUANTS + (long) which * GROUP * COLUMN;
    for (int k = 0; k < GROUP; k++) {
      long in = quants + k * COLUMN;
      IntVector a =
          (IntVector) ByteVector.fromMemorySegment(B, w, in, LE).convertShape(B2I, I, part);
      IntVector b =
          (IntVector) ByteVector.fromMemorySegment(B, w, in + ROWS, LE).convertShape(B2I, I, part);
      IntVector high =
          (IntVector)
              ByteVector.fromMemorySegment(B, w, in + 2 * ROWS, LE).convertShape(B2I, I, part);
      int to = at + k * ROWS;
      ((FloatVector) a.and(15).or(high.lanewise(LSHL, 4).and(0x30)).sub(MIDDLE).convert(I2F, 0))
          .mul(d0)
          .intoArray(out, to);
      ((FloatVector) b.and(15).or(high.lanewise(LSHL, 2).and(0x30)).sub(MIDDLE).convert(I2F, 0))
          .mul(d1)
          .intoArray(out, to + QUARTER * ROWS);
      ((FloatVector) a.lanewise(LSHR, 4).and(15).or(high.and(0x30)).sub(MIDDLE).convert(I2F, 0))
          .mul(d2)
          .intoArray(out, to + 2 * QUARTER * ROWS);
      ((FloatVector)
              b.lanewise(LSHR, 4)
                  .and(15)
                  .or(high.lanewise(LSHR, 2).and(0x30))
                  .sub(MIDDLE)
                  .convert(I2F, 0))
          .mul(d3)
          .intoArray(out, to + 3 * QUARTER * ROWS);
    }
  }
}
