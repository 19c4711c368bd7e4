package io.millrace.cpu;

import static io.millrace.cpu.Panels.ROWS;
import static io.millrace.cpu.Panels.VECTORS;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code out = x · wᵀ}, for several weights at once: the threads share out the panels of all. Some
 * panels are decoded part by part into working memory that stays in cache, and register tiles run
 * over it: four columns (tokens) at a time, or one. Where a type has a kernel that decodes in
 * registers, a single column uses that.
 */
final class Matmul {
  /** Panels of a task, decoded at once: far-apart streams of memory. */
  private static final int PANELS = 4;

  private static final int TASK_VECTORS = PANELS * VECTORS;

  /** Columns whose sums are kept at once, so that they stay in cache; a multiple of the tiles'. */
  private static final int COLUMNS = 128;

  private static final int SUMS = COLUMNS * PANELS * ROWS;

  private final ThreadTeam team;

  /** For each worker, what is decoded. */
  private final float[][] decoded;

  /** For each worker, sums as the tiles have them. */
  private final float[][] sums;

  /** The columns of the input, interleaved. */
  private float[] interleaved = {};

  Matmul(ThreadTeam team) {
    this.team = team;
    this.decoded = new float[team.size()][];
    this.sums = new float[team.size()][SUMS];
    Arrays.fill(decoded, new float[0]);
  }

  /** A weight whose panels are some of the tasks of a round. */
  private record Product(PanelWeight w, CpuActivation out) {
    int tasks() {
      return Math.ceilDiv(w.panels(), PANELS);
    }
  }

  /** A task of a product. */
  @FunctionalInterface
  private interface Task {
    void run(Product product, int task, int worker);
  }

  void run(List<CpuWeight> weights, CpuActivation x, int columns, List<CpuActivation> outs) {
    List<Product> products = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      switch (weights.get(i)) {
        case PanelWeight panels -> products.add(new Product(panels, outs.get(i)));
        case VectorWeight vector -> one(vector, x, columns, outs.get(i));
      }
    }
    if (columns == 1) {
      each(products, (product, task, worker) -> one(product, task, worker, x));
    } else {
      for (int first = 0; first < columns; first += COLUMNS) {
        int from = first;
        int end = Math.min(columns, first + COLUMNS);
        interleave(x, from, end);
        each(products, (product, task, worker) -> many(product, task, worker, from, end));
      }
    }
  }

  /** Runs the tasks of all products in one round. */
  private void each(List<Product> products, Task task) {
    Product[] all = products.toArray(Product[]::new);
    team.run(
        Arrays.stream(all).mapToInt(Product::tasks).sum(),
        (index, worker) -> {
          int i = 0;
          int first = 0;
          while (index - first >= all[i].tasks()) {
            first += all[i++].tasks();
          }
          task.run(all[i], index - first, worker);
        });
  }

  /** A matrix of one row, by the same rule. */
  private static void one(VectorWeight w, CpuActivation x, int columns, CpuActivation out) {
    for (int column = 0; column < columns; column++) {
      float sum = 0;
      for (int k = 0; k < w.cols(); k++) {
        sum = Math.fma(w.values()[k], x.data()[x.at(column) + k], sum);
      }
      out.data()[out.at(column)] = sum;
    }
  }

  private void one(Product product, int task, int worker, CpuActivation x) {
    PanelWeight w = product.w;
    float[] out = product.out.data();
    float[] weights = working(worker, w);
    int vectors = w.panels() * VECTORS;
    int first = task * TASK_VECTORS;
    if (w.format() instanceof BytePanels && first + TASK_VECTORS <= vectors) {
      Arrays.fill(out, first * Lanes.COUNT, (first + TASK_VECTORS) * Lanes.COUNT, 0);
      for (int v = first; v < first + TASK_VECTORS; v += BytePanels.MULTIPLIED) {
        BytePanels.multiply(w, v, x.data(), out, v * Lanes.COUNT, weights);
      }
      return;
    }
    float[] y = sums[worker];
    Arrays.fill(y, 0, PANELS * ROWS, 0);
    int step = w.format().step();
    for (int from = 0; from < w.cols(); from += step) {
      int to = Math.min(w.cols(), from + step);
      decode(w, task, from, to, weights);
      for (int v = 0; v < TASK_VECTORS; v += 4) {
        Tiles.one(
            weights,
            decodedAt(v, step),
            decodedAt(v + 1, step),
            decodedAt(v + 2, step),
            decodedAt(v + 3, step),
            to - from,
            x.data(),
            from,
            y,
            v * Lanes.COUNT);
      }
    }
    int count = Math.min(vectors - first, TASK_VECTORS) * Lanes.COUNT;
    System.arraycopy(y, 0, out, first * Lanes.COUNT, count);
  }

  /** Columns {@code first} to {@code end}, which are interleaved. */
  private void many(Product product, int task, int worker, int first, int end) {
    PanelWeight w = product.w;
    CpuActivation out = product.out;
    int cols = w.cols();
    int tiles = Math.ceilDiv(end - first, Tiles.COLUMNS);
    float[] weights = working(worker, w);
    float[] y = sums[worker];
    Arrays.fill(y, 0, tiles * Tiles.COLUMNS * PANELS * ROWS, 0);
    int step = w.format().step();
    for (int from = 0; from < cols; from += step) {
      int to = Math.min(cols, from + step);
      decode(w, task, from, to, weights);
      for (int tile = 0; tile < tiles; tile++) {
        int column = (tile * cols + from) * Tiles.COLUMNS;
        for (int v = 0; v < TASK_VECTORS; v += 2) {
          Tiles.four(
              weights,
              decodedAt(v, step),
              decodedAt(v + 1, step),
              to - from,
              interleaved,
              column,
              y,
              sumsAt(tile, v, 0));
        }
      }
    }
    int vectors = Math.min(w.panels() - task * PANELS, PANELS) * VECTORS;
    for (int column = first; column < end; column++) {
      int row = out.at(column) + task * PANELS * ROWS;
      int tile = (column - first) / Tiles.COLUMNS;
      for (int v = 0; v < vectors; v++) {
        int sum = sumsAt(tile, v, (column - first) % Tiles.COLUMNS);
        System.arraycopy(y, sum, out.data(), row + v * Lanes.COUNT, Lanes.COUNT);
      }
    }
  }

  /** Brings the inputs into the order in which tiles read them; the columns missing are zero. */
  private void interleave(CpuActivation x, int first, int end) {
    int cols = x.cols();
    int tiles = Math.ceilDiv(end - first, Tiles.COLUMNS);
    if (interleaved.length < tiles * Tiles.COLUMNS * cols) {
      interleaved = new float[tiles * Tiles.COLUMNS * cols];
    }
    float[] to = interleaved;
    team.run(
        tiles,
        (tile, worker) -> {
          for (int i = 0; i < Tiles.COLUMNS; i++) {
            int column = first + tile * Tiles.COLUMNS + i;
            int at = tile * Tiles.COLUMNS * cols + i;
            for (int k = 0; k < cols; k++) {
              to[at + k * Tiles.COLUMNS] = column < end ? x.data()[x.at(column) + k] : 0;
            }
          }
        });
  }

  private float[] working(int worker, PanelWeight w) {
    int size = PANELS * ROWS * w.format().step();
    if (decoded[worker].length < size) {
      decoded[worker] = new float[size];
    }
    return decoded[worker];
  }

  /**
   * What the last task has too few panels for is computed from what was decoded before, in vain.
   */
  private static void decode(PanelWeight w, int task, int from, int to, float[] out) {
    int first = task * PANELS;
    int panelFloats = w.format().step() * ROWS;
    for (int i = 0; i < PANELS && first + i < w.panels(); i++) {
      long panel = (first + i) * w.panelBytes();
      w.format().decode(w.memory(), panel, w.cols(), from, to, out, i * panelFloats);
    }
  }

  /** Where vector {@code v} of a task's rows is decoded to. */
  private static int decodedAt(int v, int step) {
    return v / VECTORS * step * ROWS + v % VECTORS * Lanes.COUNT;
  }

  /** Where the tiles have the sums of vector {@code v} for a column of a tile. */
  private static int sumsAt(int tile, int v, int column) {
    int pair = tile * (TASK_VECTORS / 2) + v / 2;
    return (pair * 2 * Tiles.COLUMNS + column * 2 + v % 2) * Lanes.COUNT;
  }
}
