package io.millrace.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Plain f32, in {@code [cols, 16]} order: as they are decoded. */
final class F32Panels implements Panels {
  private static final int STEP = ROWS * Float.BYTES;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.LE);

  @Override
  public long bytes(int cols) {
    return (long) cols * STEP;
  }

  @Override
  public boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel) {
    boolean finite = true;
    for (int row = 0; row < rows; row++) {
      for (int col = 0; col < cols; col++) {
        float value = source.get(FLOAT, ((long) row * cols + col) * Float.BYTES);
        finite &= Float.isFinite(value);
        panel.set(FLOAT, (long) col * STEP + row * Float.BYTES, value);
      }
    }
    return finite;
  }

  @Override
  public void decode(
      MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at) {
    MemorySegment.copy(memory, FLOAT, panel + (long) from * STEP, out, at, (to - from) * ROWS);
  }
}
