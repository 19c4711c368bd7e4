package io.millrace.cpu;

import io.millrace.tensor.TensorSource;
import io.millrace.tensor.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/** A matrix in panels, in the type it has in the checkpoint. */
record PanelWeight(
    Panels format, WeightType dtype, int rows, int cols, MemorySegment memory, long panelBytes)
    implements CpuWeight {

  /** Repacks a matrix on all threads; its mapping lives only as long. */
  static PanelWeight load(TensorSource source, Arena arena, ThreadTeam team) {
    WeightType dtype = source.dtype();
    Panels format = Panels.of(dtype);
    int rows = source.rows();
    int cols = source.cols();
    int panels = Math.ceilDiv(rows, Panels.ROWS);
    long panelBytes = format.bytes(cols);
    long rowBytes = dtype.bytes(cols);
    AtomicInteger damaged = new AtomicInteger(-1);
    MemorySegment memory = OffHeap.allocate(arena, panels * panelBytes);
    try (Arena mapping = Arena.ofShared()) {
      MemorySegment bytes = source.map(mapping);
      team.run(
          panels,
          (panel, worker) -> {
            int first = panel * Panels.ROWS;
            int count = Math.min(Panels.ROWS, rows - first);
            MemorySegment from = bytes.asSlice(first * rowBytes, count * rowBytes);
            MemorySegment to = memory.asSlice(panel * panelBytes, panelBytes);
            if (!format.pack(from, count, cols, to)) {
              damaged.set(first);
            }
          });
    }
    if (damaged.get() >= 0) {
      throw new IllegalArgumentException(
          "tensor %s holds numbers that are not finite in rows %d to %d; the file is damaged"
              .formatted(source.name(), damaged.get(), damaged.get() + Panels.ROWS - 1));
    }
    return new PanelWeight(format, dtype, rows, cols, memory, panelBytes);
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  int panels() {
    return Math.ceilDiv(rows, Panels.ROWS);
  }

  /** Where the panel of vector {@code v} begins. */
  long panelOf(int v) {
    return v / Panels.VECTORS * panelBytes;
  }

  /** First lane of vector {@code v} in its panel. */
  static int laneOf(int v) {
    return v % Panels.VECTORS * Lanes.COUNT;
  }
}
