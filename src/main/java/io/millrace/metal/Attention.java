package io.millrace.metal;

import io.millrace.metal.Kernels.Family;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import java.util.List;

/** Rotary embedding, the way into the KV cache, and attention over it. */
final class Attention {
  private static final int SIMD_WIDTH = 32;
  private static final int THREADS = 128;

  /** Elements of a head per lane that the kernel is compiled for. */
  private static final int[] ELEMENTS = {1, 2, 4, 8};

  private final Kernels kernels;
  private final Step step;
  private final BatchTables tables;

  Attention(Kernels kernels, Step step, BatchTables tables) {
    this.kernels = kernels;
    this.step = step;
    this.tables = tables;
  }

  void encodeRope(MetalActivation x, int headDim, Rope rope, Batch batch) {
    Step.Table turns = tables.turns(batch, rope);
    boolean interleaved = rope.pairing() == Rope.Pairing.INTERLEAVED;
    int pairs = rope.frequencies().length;
    step.encode(kernels.get(Family.ROPE, "rope", SIMD_WIDTH, interleaved))
        .writes(0, x, batch.size())
        .reads(1, turns)
        .bytes(2, step.arguments(x.cols(), headDim, pairs))
        .threads(pairs, x.cols() / headDim, batch.size(), SIMD_WIDTH);
  }

  void encodeStore(
      MetalKvCache cache, int layer, MetalActivation keys, MetalActivation values, Batch batch) {
    BatchTables.Pages pages = tables.pages(batch);
    KvCache.Shape shape = cache.shape();
    step.encode(kernels.get(Family.ATTENTION, cache.kernel("store"), SIMD_WIDTH))
        .reads(0, keys, batch.size())
        .reads(1, values, batch.size())
        .writes(2, cache.keys(layer))
        .writes(3, cache.values(layer))
        .reads(4, pages.slots())
        .bytes(5, step.arguments(shape.kvHeads(), shape.headDim()))
        .threads(shape.headDim(), shape.kvHeads(), batch.size(), SIMD_WIDTH);
  }

  void encode(
      MetalActivation queries,
      MetalKvCache cache,
      int layer,
      float scale,
      int window,
      Batch batch,
      MetalActivation out) {
    BatchTables.Pages pages = tables.pages(batch);
    KvCache.Shape shape = cache.shape();
    int heads = queries.cols() / shape.headDim();
    Object together = new Object(); // each tile writes rows of its own
    for (BatchTables.Tiles tiles : List.of(pages.single(), pages.several())) {
      if (tiles.count() > 0) {
        int width = tiles == pages.single() ? 1 : BatchTables.TILE_TOKENS;
        String kernel = cache.kernel("attend_" + elements(shape.headDim()) + "_" + width);
        step.encode(kernels.get(Family.ATTENTION, kernel, THREADS))
            .reads(0, queries, batch.size())
            .reads(1, cache.keys(layer))
            .reads(2, cache.values(layer))
            .reads(3, tiles.table())
            .reads(4, pages.pages())
            .writesPart(5, out, batch.size(), together)
            .bytes(
                6,
                step.arguments(
                    heads,
                    shape.kvHeads(),
                    shape.headDim(),
                    window,
                    Float.floatToRawIntBits(scale)))
            .groups(heads, tiles.count(), THREADS);
      }
    }
  }

  private static int elements(int headDim) {
    for (int elements : ELEMENTS) {
      if (headDim <= elements * SIMD_WIDTH) {
        return elements;
      }
    }
    throw new IllegalArgumentException(
        "heads of %d elements; the Metal backend computes with at most %d"
            .formatted(headDim, ELEMENTS[ELEMENTS.length - 1] * SIMD_WIDTH));
  }
}
