package io.millrace.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Chooses the kernels of a product by its number of columns (tokens), and shares its rows out. One
 * column: bound by memory, so the weights stream through registers. A few: the same, each weight
 * decoded once for all columns. More: panels are decoded block by block into a scratch that stays
 * in cache, and register tiles run over it.
 */
final class Matmul {
  /** Up to this many columns decode in registers. */
  private static final int FEW = 4;

  /** Columns of weights that are decoded at once: with {@link #PANELS} panels, 32 KiB. */
  private static final int BLOCK = 256;

  /** Panels that are decoded at once. */
  private static final int PANELS = 2;

  /** Bytes of weights in a task: long enough to forget the cost of taking it. */
  private static final long TASK_BYTES = 64 << 10;

  private static final long SCRATCH_PANEL = (long) BLOCK * F32Panels.STEP;

  private final ThreadTeam team;
  private final MemorySegment[] scratch;

  Matmul(ThreadTeam team, Arena arena) {
    this.team = team;
    this.scratch = new MemorySegment[team.size()];
    Arrays.setAll(scratch, worker -> OffHeap.allocate(arena, PANELS * SCRATCH_PANEL));
  }

  /** {@code out = x · wᵀ}. */
  void run(PanelWeight w, CpuActivation x, int columns, CpuActivation out) {
    if (columns == 1) {
      one(w, x, out);
    } else if (columns <= FEW) {
      few(w, x, columns, out);
    } else {
      many(w, x, columns, out);
    }
  }

  /** A matrix of one row, by the same rule. */
  void run(VectorWeight w, CpuActivation x, int columns, CpuActivation out) {
    for (int column = 0; column < columns; column++) {
      float sum = 0;
      for (int k = 0; k < w.cols(); k++) {
        sum = Math.fma(w.values()[k], x.data()[x.at(column) + k], sum);
      }
      out.data()[out.at(column)] = sum;
    }
  }

  /** Four vectors of rows at a time; where panels are fewer vectors, the panels are far apart. */
  private void one(PanelWeight w, CpuActivation x, CpuActivation out) {
    int vectors = w.panels() * Panels.VECTORS;
    int streams = Math.max(1, 4 / Panels.VECTORS);
    int steps = Math.ceilDiv(w.panels(), streams);
    int far = steps * Panels.VECTORS;
    int perTask = Math.toIntExact(Math.ceilDiv(TASK_BYTES, w.panelBytes() * streams));
    team.run(
        Math.ceilDiv(steps, perTask),
        (task, worker) -> {
          int end = Math.min(steps, (task + 1) * perTask);
          for (int step = task * perTask; step < end; step++) {
            int v = step * Panels.VECTORS;
            w.format()
                .multiplyOne(
                    w,
                    v,
                    stream(v, 1, far, vectors),
                    stream(v, 2, far, vectors),
                    stream(v, 3, far, vectors),
                    x.data(),
                    0,
                    out.data(),
                    0);
          }
        });
  }

  /**
   * The {@code i}th of four vectors: of the same panel while it has more, then of the panel {@code
   * far} on.
   */
  private static int stream(int v, int i, int far, int vectors) {
    int next = v + i / Panels.VECTORS * far + i % Panels.VECTORS;
    return next < vectors ? next : v;
  }

  private void few(PanelWeight w, CpuActivation x, int columns, CpuActivation out) {
    int vectors = w.panels() * Panels.VECTORS;
    int pairs = Math.ceilDiv(vectors, 2);
    long pairBytes = w.panelBytes() * 2 / Panels.VECTORS;
    int perTask = Math.toIntExact(Math.ceilDiv(TASK_BYTES, pairBytes));
    team.run(
        Math.ceilDiv(pairs, perTask),
        (task, worker) -> {
          int end = Math.min(pairs, (task + 1) * perTask);
          for (int pair = task * perTask; pair < end; pair++) {
            int v0 = 2 * pair;
            int v1 = Math.min(v0 + 1, vectors - 1);
            w.format().multiplyFour(w, v0, v1, x, out, 0, columns - 1);
          }
        });
  }

  private void many(PanelWeight w, CpuActivation x, int columns, CpuActivation out) {
    int panels = w.panels();
    team.run(
        Math.ceilDiv(panels, PANELS),
        (task, worker) -> {
          int first = task * PANELS;
          int end = Math.min(panels, first + PANELS);
          for (int column = 0; column < columns; column++) {
            int row = out.at(column);
            Arrays.fill(out.data(), row + first * Panels.ROWS, row + end * Panels.ROWS, 0);
          }
          for (int from = 0; from < w.cols(); from += BLOCK) {
            int to = Math.min(w.cols(), from + BLOCK);
            for (int panel = first; panel < end; panel++) {
              w.format()
                  .expand(w, panel, from, to, scratch[worker], (panel - first) * SCRATCH_PANEL);
            }
            tiles(scratch[worker], first, end, from, to, x, columns, out);
          }
        });
  }

  private static void tiles(
      MemorySegment w,
      int first,
      int end,
      int from,
      int to,
      CpuActivation x,
      int columns,
      CpuActivation out) {
    int vectors = (end - first) * Panels.VECTORS;
    for (int column = 0; column < columns; ) {
      int left = columns - column;
      for (int v = 0; v < vectors; v += 2) {
        int next = Math.min(v + 1, vectors - 1);
        long w0 = scratchOf(v);
        long w1 = scratchOf(next);
        int r0 = first * Panels.ROWS + v * Lanes.COUNT;
        int r1 = first * Panels.ROWS + next * Lanes.COUNT;
        if (left > 4) {
          Tiles.six(w, w0, w1, r0, r1, from, to, x, out, column, columns - 1);
        } else if (left > 2) {
          Tiles.four(w, w0, w1, r0, r1, from, to, x, out, column, columns - 1);
        } else {
          Tiles.two(w, w0, w1, r0, r1, from, to, x, out, column, columns - 1);
        }
      }
      column += left > 4 ? 6 : 4;
    }
  }

  private static long scratchOf(int v) {
    return v / Panels.VECTORS * SCRATCH_PANEL + PanelWeight.laneOf(v) * Float.BYTES;
  }
}
