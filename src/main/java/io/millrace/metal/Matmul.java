package io.millrace.metal;

import io.millrace.metal.Kernels.Family;
import io.millrace.tensor.WeightType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Chooses the kernel of products {@code x · wᵀ} by the number of columns, the rows of x. Weights of
 * one format that are multiplied by the same input share a dispatch.
 */
final class Matmul {
  /** Weights that the kernels take at once. */
  private static final int WEIGHTS = 3;

  /**
   * A kernel, for products of up to so many columns.
   *
   * @param columns that it computes at once, whether they are there or not
   * @param groupRows rows of weights that a threadgroup takes
   * @param threads of a threadgroup
   */
  private record Kernel(String name, int columns, int groupRows, int threads) {}

  /**
   * By columns, ascending. A GPU of the M series has 16 to 18 multiply-adds of f32 for each byte
   * that its memory brings: about 9 for a 4-bit weight, 18 for one of 8 bits. Mat-vec needs one for
   * each column and a few to decode, so up to 8 columns take about the time of one pass over
   * memory. For 9 to 16 a second pass would take all of that again; tiles read and decode a weight
   * once, but multiply by all columns of the tile, wanted or not. A tile of 16 costs no more than
   * two passes for 4-bit weights, where both are bound by arithmetic, and half for others. One of
   * 32 costs twice as much, so it is for those that need it.
   */
  private static final List<Kernel> KERNELS =
      List.of(
          new Kernel("matvec_1", 1, 8, 64),
          new Kernel("matvec_2", 2, 8, 64),
          new Kernel("matvec_4", 4, 8, 64),
          new Kernel("matvec_8", 8, 8, 64),
          new Kernel("matmat_16", 16, 64, 128),
          new Kernel("matmat_32", 32, 64, 128));

  private final Kernels kernels;
  private final Step step;

  Matmul(Kernels kernels, Step step) {
    this.kernels = kernels;
    this.step = step;
  }

  /** A weight, and where its product with the input goes. */
  record Product(MetalWeight weight, MetalActivation out) {}

  /** The products of one input. */
  void encode(List<Product> products, MetalActivation x, int columns) {
    Map<WeightType, List<Product>> formats =
        products.stream()
            .collect(
                Collectors.groupingBy(
                    product -> product.weight.dtype(), LinkedHashMap::new, Collectors.toList()));
    for (List<Product> same : formats.values()) {
      for (int first = 0; first < same.size(); first += WEIGHTS) {
        List<Product> several = same.subList(first, Math.min(same.size(), first + WEIGHTS));
        encode(several, x, columns, false);
      }
    }
  }

  /** {@code out = silu(x · gateᵀ) · (x · upᵀ)}, of two weights of one format. */
  void encodeSwiglu(
      MetalWeight gate, MetalWeight up, MetalActivation x, int columns, MetalActivation out) {
    encode(List.of(new Product(gate, out), new Product(up, out)), x, columns, true);
  }

  private void encode(List<Product> products, MetalActivation x, int columns, boolean gated) {
    Kernel kernel =
        KERNELS.stream()
            .filter(candidate -> columns <= candidate.columns)
            .findFirst()
            .orElse(KERNELS.getLast());
    MetalWeight weight = products.getFirst().weight;
    int[] shape = {weight.cols(), weight.rowBytes(), columns, 0, 0, 0};
    Dispatch dispatch =
        step.encode(
            kernels.get(Family.PRODUCTS, weight.dtype(), kernel.name, kernel.threads, gated));
    for (int i = 0; i < WEIGHTS; i++) {
      // All arguments must be bound; a weight without rows is not read.
      Product product = products.get(Math.min(i, products.size() - 1));
      dispatch.reads(i, product.weight).writes(WEIGHTS + 1 + i, product.out, columns);
      if (i < products.size()) {
        shape[3 + i] = product.weight.rows();
      }
    }
    long groups =
        gated
            ? Math.ceilDiv(weight.rows(), kernel.groupRows / 2)
            : products.stream()
                .mapToLong(product -> Math.ceilDiv(product.weight.rows(), kernel.groupRows))
                .sum();
    dispatch
        .reads(WEIGHTS, x, columns)
        .bytes(2 * WEIGHTS + 1, step.arguments(shape))
        .groups(groups, Math.ceilDiv(columns, kernel.columns), kernel.threads);
  }
}
