package io.millrace.cpu;

import static io.millrace.cpu.Lanes.B;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@code Q4_0}: 4-bit integers in blocks of 32 columns with one f16 scale. A block of a panel is
 * the 16 scales, then 16 bytes for each of its first 16 columns: a byte is that column of a row in
 * the low half, the column 16 on in the high half, as in the checkpoint, but signed.
 */
final class NibblePanels implements Panels {
  private static final int BLOCK = 32;
  private static final int HALF = BLOCK / 2;
  private static final int SCALES = ROWS * Short.BYTES;
  private static final int PANEL_BLOCK = SCALES + HALF * ROWS;
  private static final int SOURCE_BLOCK = Short.BYTES + HALF;

  /** Subtracts 8 from unsigned integers of four bits, sixteen of them. */
  private static final long SIGNS = 0x8888888888888888L;

  /** Brings the low half of a byte to the top of an int. */
  private static final int TOP = 28;

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
      long pairs = to + SCALES;
      Interleave.bytes(source, from + Short.BYTES, rowBytes, rows, HALF, panel, pairs, ROWS, SIGNS);
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    for (int k = from; k < to; k += BLOCK) {
      long block = panel + (long) k / BLOCK * PANEL_BLOCK;
      for (int lane = 0; lane < ROWS; lane += Lanes.COUNT) {
        decodeBlock(memory, block, lane, out, at + (k - from) * ROWS + lane);
      }
    }
  }

  private static void decodeBlock(MemorySegment w, long block, int lane, float[] out, int at) {
    FloatVector high = Lanes.halves(w, block + lane * Short.BYTES);
    FloatVector low = high.mul(1f / (1 << TOP));
    int part = lane % B.length() / Lanes.COUNT;
    long pairs = block + SCALES + lane - part * Lanes.COUNT;
    for (int k = 0; k < HALF; k++) {
      IntVector pair =
          (IntVector)
              ByteVector.fromMemorySegment(B, w, pairs + k * ROWS, LE).convertShape(B2I, I, part);
      ((FloatVector) pair.lanewise(LSHL, TOP).convert(I2F, 0))
          .mul(low)
          .intoArray(out, at + k * ROWS);
      ((FloatVector) pair.lanewise(ASHR, 4).convert(I2F, 0))
          .mul(high)
          .intoArray(out, at + (k + HALF) * ROWS);
    }
  }
}
