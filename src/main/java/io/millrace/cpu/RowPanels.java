package io.millrace.cpu;

import io.millrace.tensor.Dequantizer;
import io.millrace.tensor.WeightType;
import java.lang.foreign.MemorySegment;

/**
 * Rows one after the other, as the checkpoint has them, decoded by the definition of their type:
 * for types that have no kernel of their own. Right, small, and slow.
 */
record RowPanels(WeightType dtype) implements Panels {
  /** What is decoded at once elsewhere. */
  private static final int USUAL_STEP = 64;

  @Override
  public long bytes(int cols) {
    return ROWS * dtype.bytes(cols);
  }

  @Override
  public int step() {
    return Math.max(USUAL_STEP, dtype.blockSize());
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    panel.copyFrom(source);
    boolean finite = true;
    float[] values = new float[cols];
    for (int row = 0; row < rows; row++) {
      Dequantizer.read(dtype, source, (long) row * cols, values);
      for (float value : values) {
        finite &= Float.isFinite(value);
      }
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    float[] values = new float[to - from];
    MemorySegment rows = memory.asSlice(panel, bytes(cols));
    for (int row = 0; row < ROWS; row++) {
      Dequantizer.read(dtype, rows, (long) row * cols + from, values);
      for (int k = 0; k < values.length; k++) {
        out[at + k * ROWS + row] = values[k];
      }
    }
  }
}
