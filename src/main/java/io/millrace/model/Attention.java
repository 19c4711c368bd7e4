package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Weight;

/** Grouped-query attention (Ainslie et al., 2023) with rotary positions over the paged KV cache. */
final class Attention {
  private final ModelConfig config;
  private final Backend backend;
  private final int layer;
  private final Weight wq;
  private final Weight wk;
  private final Weight wv;
  private final Weight wo;
  private final TransformerBlock.Scratch scratch;
  private final float scale;

  Attention(
      ModelConfig config,
      Backend backend,
      WeightLoader weights,
      int layer,
      TransformerBlock.Scratch scratch) {
    String prefix = "blk." + layer + ".attn_";
    this.config = config;
    this.backend = backend;
    this.layer = layer;
    this.wq = weights.load(prefix + "q.weight", config.queryDim(), config.dim());
    this.wk = weights.load(prefix + "k.weight", config.kvDim(), config.dim());
    this.wv = weights.load(prefix + "v.weight", config.kvDim(), config.dim());
    this.wo = weights.load(prefix + "output.weight", config.dim(), config.queryDim());
    this.scratch = scratch;
    this.scale = (float) (1 / Math.sqrt(config.headDim()));
  }

  /** {@code out [batch, dim] = attention(x [batch, dim])}. */
  void forward(Activation x, Batch batch, KvCache cache, Activation out) {
    int rows = batch.size();
    backend.matmul(wq, x, rows, scratch.queries);
    backend.matmul(wk, x, rows, scratch.keys);
    backend.matmul(wv, x, rows, scratch.values);

    backend.rope(scratch.queries, config.headDim(), config.rope(), batch);
    backend.rope(scratch.keys, config.headDim(), config.rope(), batch);
    backend.store(cache, layer, scratch.keys, scratch.values, batch);

    backend.attention(
        scratch.queries, cache, layer, scale, config.slidingWindow(), batch, scratch.attended);
    backend.matmul(wo, scratch.attended, rows, out);
  }
}
