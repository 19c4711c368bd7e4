package io.millrace.cpu;

import static io.millrace.cpu.Panels.ROWS;

import io.millrace.tensor.Batch;
import java.util.Arrays;

/** Looks tokens up in the same panels that a tied output matrix multiplies with. */
final class Embedding {
  private final ThreadTeam team;

  /** For each worker, what is decoded: a part of a panel. */
  private final float[][] decoded;

  Embedding(ThreadTeam team) {
    this.team = team;
    this.decoded = new float[team.size()][];
    Arrays.fill(decoded, new float[0]);
  }

  void run(PanelWeight table, Batch batch, CpuActivation out) {
    Panels format = table.format();
    team.run(
        batch.size(),
        (index, worker) -> {
          if (decoded[worker].length < format.step() * ROWS) {
            decoded[worker] = new float[format.step() * ROWS];
          }
          float[] part = decoded[worker];
          int token = batch.tokens()[index];
          long panel = token / ROWS * table.panelBytes();
          for (int from = 0; from < table.cols(); from += format.step()) {
            int to = Math.min(table.cols(), from + format.step());
            format.decode(table.memory(), panel, table.cols(), from, to, part, 0);
            for (int col = from; col < to; col++) {
              out.data()[out.at(index) + col] = part[(col - from) * ROWS + token % ROWS];
            }
          }
        });
  }
}
