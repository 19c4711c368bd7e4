package io.millrace.metal;

import io.millrace.metal.Kernels.Family;

/** Chooses the kernel of a product {@code x · wᵀ} by the number of columns, the rows of x. */
final class Matmul {
  /** Columns that the mat-vec kernel can take at once, and its threads and rows of the weight. */
  private static final int[] VECTOR_COLUMNS = {1, 2, 4, 8};

  private static final int VECTOR_THREADS = 64;
  private static final int VECTOR_ROWS = 8;

  private final Kernels kernels;
  private final Step step;

  Matmul(Kernels kernels, Step step) {
    this.kernels = kernels;
    this.step = step;
  }

  void encode(MetalWeight w, MetalActivation x, int columns, MetalActivation out) {
    int most = VECTOR_COLUMNS[VECTOR_COLUMNS.length - 1];
    for (int first = 0; first < columns; first += most) {
      vectors(w, x, first, Math.min(most, columns - first), out);
    }
  }

  private void vectors(
      MetalWeight w, MetalActivation x, int first, int columns, MetalActivation out) {
    int variant = 0;
    while (VECTOR_COLUMNS[variant] < columns) {
      variant++;
    }
    String kernel = w.kernel("matvec_" + VECTOR_COLUMNS[variant]);
    step.encode(kernels.get(Family.MATVEC, kernel, VECTOR_THREADS))
        .buffer(0, w.buffer(), w.offset())
        .buffer(1, x.buffer(), x.bytes(first))
        .buffer(2, out.buffer(), out.bytes(first))
        .bytes(3, step.arguments(w.rows(), w.cols(), w.rowBytes(), columns))
        .dispatchGroups(Math.ceilDiv(w.rows(), VECTOR_ROWS), 1, VECTOR_THREADS);
  }
}
