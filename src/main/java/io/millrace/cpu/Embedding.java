package io.millrace.cpu;

import io.millrace.tensor.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Looks tokens up in the same panels that a tied output matrix multiplies with. */
final class Embedding {
  /** Columns that are decoded at once. */
  private static final int BLOCK = 256;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.LE);

  private final ThreadTeam team;
  private final MemorySegment[] scratch;

  Embedding(ThreadTeam team, Arena arena) {
    this.team = team;
    this.scratch = new MemorySegment[team.size()];
    Arrays.setAll(scratch, worker -> OffHeap.allocate(arena, (long) BLOCK * F32Panels.STEP));
  }

  void run(PanelWeight table, Batch batch, CpuActivation out) {
    team.run(
        batch.size(),
        (index, worker) -> {
          int token = batch.tokens()[index];
          MemorySegment decoded = scratch[worker];
          long lane = token % Panels.ROWS * (long) Float.BYTES;
          for (int from = 0; from < table.cols(); from += BLOCK) {
            int to = Math.min(table.cols(), from + BLOCK);
            table.format().expand(table, token / Panels.ROWS, from, to, decoded, 0);
            for (int col = from; col < to; col++) {
              long at = lane + (long) (col - from) * F32Panels.STEP;
              out.data()[out.at(index) + col] = decoded.get(FLOAT, at);
            }
          }
        });
  }
}
