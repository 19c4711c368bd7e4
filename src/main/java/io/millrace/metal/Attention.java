package io.millrace.metal;

import io.millrace.metal.Kernels.Family;
import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;

/** Rotary embedding, the way into the KV cache, and attention over it. */
final class Attention {
  private static final int SIMD_WIDTH = 32;
  private static final int THREADS = 128;

  /** Elements of a head per lane that the kernel is compiled for. */
  private static final int[] ELEMENTS = {1, 2, 4, 8};

  private static final int MOST_HEAD_DIM = ELEMENTS[ELEMENTS.length - 1] * SIMD_WIDTH;

  private final Kernels kernels;
  private final Step step;
  private final BatchTables tables;

  /**
   * What the parts of contexts come to: for each part, key-value head and row the mixed values, and
   * the maximum and total of its softmax. An {@link AttentionPlan} has at most as many.
   */
  private final Buffer results;

  Attention(Kernels kernels, Step step, BatchTables tables, DeviceMemory memory) {
    this.kernels = kernels;
    this.step = step;
    this.tables = tables;
    int rows = AttentionPlan.THREADGROUPS * AttentionPlan.MOST_ROWS;
    results =
        memory.allocate("attention in parts", (long) Float.BYTES * rows * (MOST_HEAD_DIM + 2));
  }

  void encodeRotateAndStore(
      MetalActivation queries,
      MetalActivation keys,
      MetalActivation values,
      Rope rope,
      MetalKvCache cache,
      int layer,
      Batch batch) {
    Step.Table turns = tables.turns(batch, rope);
    Step.Table slots = tables.pages(batch).slots();
    KvCache.Shape shape = cache.shape();
    int heads = queries.cols() / shape.headDim();
    boolean interleaved = rope.pairing() == Rope.Pairing.INTERLEAVED;
    int pairs = rope.frequencies().length;
    step.encode(
            kernels.get(Family.ROPE, cache.dtype(), "rotate_and_store", SIMD_WIDTH, interleaved))
        .writes(0, queries, batch.size())
        .writes(1, keys, batch.size())
        .reads(2, values, batch.size())
        .reads(3, turns)
        .writes(4, cache.keys(layer))
        .writes(5, cache.values(layer))
        .reads(6, slots)
        .bytes(7, step.arguments(heads, shape.kvHeads(), shape.headDim(), pairs))
        .groups(heads + 2L * shape.kvHeads(), batch.size(), SIMD_WIDTH);
  }

  void encode(
      MetalActivation queries,
      MetalKvCache cache,
      int layer,
      float scale,
      int window,
      Batch batch,
      MetalActivation out) {
    KvCache.Shape shape = cache.shape();
    int heads = queries.cols() / shape.headDim();
    int group = heads / shape.kvHeads();
    Step.Table pages = tables.pages(batch).pages();
    BatchTables.Work work =
        tables.work(batch, new BatchTables.Heads(group, shape.kvHeads(), window));
    int[] arguments = {
      heads, shape.kvHeads(), shape.headDim(), window, Float.floatToRawIntBits(scale)
    };
    Object together = new Object(); // each tile writes rows of its own
    for (BatchTables.Tiles tiles : work.tiles()) {
      String kernel = "attend_" + elements(shape.headDim()) + "_" + tiles.width();
      step.encode(kernels.get(Family.ATTENTION, cache.dtype(), kernel, THREADS))
          .reads(0, queries, batch.size())
          .reads(1, cache.keys(layer))
          .reads(2, cache.values(layer))
          .reads(3, tiles.rows().table())
          .reads(4, pages)
          .writesPart(5, out, batch.size(), together)
          .writesPart(6, results, together)
          .bytes(7, step.arguments(arguments))
          .groups(shape.kvHeads(), tiles.rows().count(), THREADS);
    }
    if (work.parts().count() > 0) {
      step.encode(kernels.get(Family.ATTENTION, cache.dtype(), "join", THREADS))
          .reads(0, results)
          .reads(1, work.parts().table())
          .writes(2, out, batch.size())
          .bytes(3, step.arguments(arguments))
          .groups(shape.kvHeads(), work.parts().count(), THREADS);
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
            .formatted(headDim, MOST_HEAD_DIM));
  }
}
