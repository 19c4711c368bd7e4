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
   * By columns, ascending. A GPU of the M series has about 35 operations of f32 for each byte of
   * memory bandwidth. Mat-vec has 2 for each weight and column, and some to decode: up to 8 columns
   * of 4-bit weights (0.56 bytes) that is about what the memory allows, and of all others less.
   * Tiles have the 2 for every column of the tile, wanted or not, at about half the peak, but
   * decode a weight once: for 9 to 16 columns a tile of 16 costs what two passes of mat-vec would
   * for 4-bit weights, and for longer ones half of that, as it reads them once. A tile of 32
   * columns takes twice the time of one of 16, so it is for those that need it.
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
