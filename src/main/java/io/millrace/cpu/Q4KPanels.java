package io.millrace.cpu;

import static io.millrace.cpu.Lanes.B;
import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@code Q4_K}: blocks of 256 columns, eight groups of 32 with a scale and a minimum of 6 bits, and
 * f16 factors of both. A block of a panel is the 16 factors of scales, the 16 of minimums, then
 * four parts of 64 columns: scales and minimums of the two groups, a byte each (which costs 2.8% of
 * memory), then the quants of 32 columns in the low halves of bytes, of the next 32 in the high.
 */
final class Q4KPanels implements Panels {
  private static final int BLOCK = 256;
  private static final int PART = 64;
  private static final int HALF = PART / 2;
  private static final int SOURCE_BLOCK = 144;
  private static final int SOURCE_SCALES = 2 * Short.BYTES;
  private static final int SOURCE_QUANTS = SOURCE_SCALES + 12;

  private static final int FACTORS = ROWS * Short.BYTES;
  private static final int QUANTS = 4 * ROWS;
  private static final int PANEL_PART = QUANTS + HALF * ROWS;
  private static final int PANEL_BLOCK = 2 * FACTORS + BLOCK / PART * PANEL_PART;

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

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
      for (int i = 0; i < 2; i++) {
        long factor = from + i * Short.BYTES;
        finite &= HalfPanels.F16.packOne(source, factor, rowBytes, rows, panel, to + i * FACTORS);
      }
      long parts = to + 2 * FACTORS;
      for (int row = 0; row < rows; row++) {
        long scales = from + row * rowBytes + SOURCE_SCALES;
        for (int group = 0; group < BLOCK / HALF; group++) {
          long out = parts + group / 2 * PANEL_PART + group % 2 * 2 * ROWS + row;
          panel.set(BYTE, out, scale(source, scales, group, 0));
          panel.set(BYTE, out + ROWS, scale(source, scales, group, 4));
        }
      }
      for (int part = 0; part < BLOCK / PART; part++) {
        long quants = from + SOURCE_QUANTS + part * HALF;
        long out = parts + part * PANEL_PART + QUANTS;
        Interleave.bytes(source, quants, rowBytes, rows, HALF, panel, out);
      }
    }
    return finite;
  }

  /**
   * The scale ({@code which} 0) or minimum (4) of a group. Those of the first four groups are the
   * low six bits of bytes 0 to 7; the others have their low four bits in bytes 8 to 11, their high
   * two on top of those.
   */
  private static byte scale(MemorySegment source, long at, int group, int which) {
    int high = source.get(BYTE, at + group % 4 + which) & 0xff;
    if (group < 4) {
      return (byte) (high & 0x3f);
    }
    return (byte) (source.get(BYTE, at + 4 + group) >>> which & 0xf | high >>> 6 << 4);
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    for (int k = from; k < to; k += PART) {
      long block = panel + (long) k / BLOCK * PANEL_BLOCK;
      long part = block + 2 * FACTORS + k % BLOCK / PART * PANEL_PART;
      for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
        decodePart(memory, block, part, lane, out, at + (k - from) * ROWS + lane);
      }
    }
  }

  private static void decodePart(
      MemorySegment w, long block, long bytes, int lane, float[] out, int at) {
    int part = lane % B.length() / Lanes.COUNT;
    long in = bytes + lane - part * Lanes.COUNT;
    FloatVector d = Lanes.halves(w, block + lane * Short.BYTES);
    FloatVector min = Lanes.halves(w, block + FACTORS + lane * Short.BYTES).neg();
    FloatVector lowScale =
        ((FloatVector) ByteVector.fromMemorySegment(B, w, in, LE).convertShape(B2F, F, part))
            .mul(d);
    FloatVector lowMin =
        ((FloatVector) ByteVector.fromMemorySegment(B, w, in + ROWS, LE).convertShape(B2F, F, part))
            .mul(min);
    FloatVector highScale =
        ((FloatVector)
                ByteVector.fromMemorySegment(B, w, in + 2 * ROWS, LE).convertShape(B2F, F, part))
            .mul(d);
    FloatVector highMin =
        ((FloatVector)
                ByteVector.fromMemorySegment(B, w, in + 3 * ROWS, LE).convertShape(B2F, F, part))
            .mul(min);
    for (int k = 0; k < HALF; k++) {
      IntVector pair =
          (IntVector)
              ByteVector.fromMemorySegment(B, w, in + QUANTS + k * ROWS, LE)
                  .convertShape(B2I, I, part);
      ((FloatVector) pair.and(15).convert(I2F, 0))
          .fma(lowScale, lowMin)
          .intoArray(out, at + k * ROWS);
      ((FloatVector) pair.lanewise(LSHR, 4).and(15).convert(I2F, 0))
          .fma(highScale, highMin)
          .intoArray(out, at + (k + HALF) * ROWS);
    }
  }
}
