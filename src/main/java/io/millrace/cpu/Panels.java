package io.millrace.cpu;

import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.WeightType;
import java.lang.foreign.MemorySegment;

/**
 * How the rows of a matrix stand in memory, 16 to a panel, and the kernels that read them. Within a
 * panel the rows are interleaved, so that a lane of a vector is a row and no kernel ever adds
 * across lanes.
 *
 * <p>A panel holds {@link #VECTORS} vectors of rows; kernels name the rows they work on by the
 * number of such a vector in the whole matrix.
 *
 * <p><b>The rule</b> that makes results independent of batch and threads, bit by bit: a weight is
 * decoded to exactly its f32 value, and every output is one chain of fused multiply-adds over the
 * columns, in order, starting from zero. All kernels of all formats keep it.
 */
sealed interface Panels permits F32Panels, HalfPanels, BlockPanels {
  /** Rows in a panel. */
  int ROWS = 16;

  /** Vectors of rows in a panel. */
  int VECTORS = ROWS / Lanes.COUNT;

  /** Bytes of a panel of {@code cols} columns. */
  long bytes(int cols);

  /**
   * Interleaves up to 16 rows; the rows that are missing become zero.
   *
   * @param source the rows, in the layout of {@link WeightType}
   * @param panel of {@link #bytes} bytes, zeroed
   * @return whether all weights are finite
   */
  boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel);

  /** One column: {@code y[yAt + row] = w[row] · x[xAt..]} for the rows of four vectors. */
  void multiplyOne(
      PanelWeight w, int v0, int v1, int v2, int v3, float[] x, int xAt, float[] y, int yAt);

  /**
   * Four columns from {@code first} on, or as many as there are up to {@code last}: {@code
   * out[column][row] = w[row] · in[column]} for the rows of two vectors.
   */
  void multiplyFour(
      PanelWeight w, int v0, int v1, CpuActivation in, CpuActivation out, int first, int last);

  /**
   * Decodes columns {@code from} (a multiple of 32) to {@code to} of a panel to {@code scratch},
   * f32 in {@code [to - from, 16]} order: the layout of {@link F32Panels}.
   */
  void expand(PanelWeight w, int panel, int from, int to, MemorySegment scratch, long at);

  /** The format for weights of a type. */
  static Panels of(WeightType dtype) {
    return switch (dtype) {
      case DType.F32 -> new F32Panels();
      case DType.F16 -> HalfPanels.F16;
      case DType.BF16 -> HalfPanels.BF16;
      case DType.Q8_0 -> BlockPanels.Q8_0;
      case DType.Q4_0 -> BlockPanels.Q4_0;
      case AffineType affine ->
          throw new IllegalArgumentException("the CPU backend cannot compute with " + affine);
    };
  }
}
