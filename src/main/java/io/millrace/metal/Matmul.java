package io.millrace.metal;

import io.millrace.metal.Kernels.Family;

/** Chooses the kernel of a product {@code x · wᵀ} by the number of columns, the rows of x. */
final class Matmul {
  /** Columns that the mat-vec kernel is compiled for; beyond the last, tiles are faster. */
  private static final int[] VECTOR_COLUMNS = {1, 2, 4, 8};

  private static final int VECTOR_THREADS = 64;
  private static final int VECTOR_ROWS = 8;
  private static final int TILE_THREADS = 128;
  private static final int TILE_ROWS = 64;
  private static final int TILE_COLUMNS = 32;

  private final Kernels kernels;
  private final Step step;

  Matmul(Kernels kernels, Step step) {
    this.kernels = kernels;
    this.step = step;
  }

  void encode(MetalWeight w, MetalActivation x, int columns, MetalActivation out) {
    for (int most : VECTOR_COLUMNS) {
      if (columns <= most) {
        bind(Family.MATVEC, "matvec_" + most, VECTOR_THREADS, w, x, columns, out)
            .groups(Math.ceilDiv(w.rows(), VECTOR_ROWS), 1, VECTOR_THREADS);
        return;
      }
    }
    bind(Family.MATMAT, "matmat", TILE_THREADS, w, x, columns, out)
        .groups(
            Math.ceilDiv(w.rows(), TILE_ROWS), Math.ceilDiv(columns, TILE_COLUMNS), TILE_THREADS);
  }

  private Dispatch bind(
      Family family,
      String kernel,
      int threads,
      MetalWeight w,
      MetalActivation x,
      int columns,
      MetalActivation out) {
    return step.encode(kernels.get(family, w.dtype(), kernel, threads))
        .reads(0, w)
        .reads(1, x, columns)
        .writes(2, out, columns)
        .bytes(3, step.arguments(w.rows(), w.cols(), w.rowBytes(), columns));
  }
}
