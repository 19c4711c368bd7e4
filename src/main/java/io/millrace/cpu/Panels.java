package io.millrace.cpu;

import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.WeightType;
import java.lang.foreign.MemorySegment;

/**
 * How the rows of a matrix stand in memory, 16 to a panel, and how they are decoded. Where a format
 * has kernels of its own, the rows of a panel are interleaved, so that a lane of a vector is a row
 * and nothing is ever added across lanes.
 *
 * <p><b>The rule</b> that makes results independent of batch and threads, bit by bit: a weight is
 * decoded to exactly one f32 value, and every output is one chain of fused multiply-adds over the
 * columns, in order, starting from zero. All kernels of all formats keep it.
 */
sealed interface Panels
    permits BytePanels,
        NibblePanels,
        HalfPanels,
        F32Panels,
        Q4KPanels,
        Q6KPanels,
        AffinePanels,
        RowPanels {
  /** Rows in a panel. */
  int ROWS = 16;

  /** Vectors of rows in a panel. */
  int VECTORS = ROWS / Lanes.COUNT;

  /** Bytes of a panel of {@code cols} columns. */
  long bytes(int cols);

  /**
   * Columns that are decoded at once; {@link #decode} is asked for parts that begin at multiples of
   * it. Short enough for the decoded part of some panels to stay in the first-level cache.
   */
  default int step() {
    return 64;
  }

  /**
   * Copies up to 16 rows into a panel; the rows that are missing become zero.
   *
   * @param source the rows, in the layout of {@link WeightType}
   * @param panel of {@link #bytes} bytes, zeroed
   * @return whether all weights are finite
   */
  boolean pack(MemorySegment source, int rows, int cols, MemorySegment panel);

  /**
   * Decodes columns {@code from} to {@code to} of the panel at {@code panel} in {@code memory} to
   * {@code out}, in {@code [to - from, 16]} order from {@code at} on.
   */
  void decode(MemorySegment memory, long panel, int cols, int from, int to, float[] out, int at);

  /** The format for weights of a type. */
  static Panels of(WeightType dtype) {
    return switch (dtype) {
      case DType.F32 -> new F32Panels();
      case DType.F16 -> HalfPanels.F16;
      case DType.BF16 -> HalfPanels.BF16;
      case DType.Q8_0 -> new BytePanels();
      case DType.Q4_0 -> new NibblePanels();
      case DType.Q4_K -> new Q4KPanels();
      case DType.Q6_K -> new Q6KPanels();
      case AffineType affine when AffinePanels.have(affine) -> new AffinePanels(affine);
      default -> new RowPanels(dtype);
    };
  }
}
