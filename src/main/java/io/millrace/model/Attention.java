package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Weight;
import java.util.List;
import java.util.Optional;

/**
 * Grouped-query attention (Ainslie et al., 2023) with rotary positions over the paged KV cache.
 * Some families add biases to the projections (Qwen2) or normalize each head of queries and keys
 * (Qwen3).
 */
final class Attention {
  private final ModelConfig config;
  private final Backend backend;
  private final int layer;
  private final List<Linear> wqkv;
  private final Linear wo;
  private final Optional<Weight> queryNorm;
  private final Optional<Weight> keyNorm;
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
    this.wqkv =
        List.of(
            Linear.load(weights, prefix + "q", config.queryDim(), config.dim()),
            Linear.load(weights, prefix + "k", config.kvDim(), config.dim()),
            Linear.load(weights, prefix + "v", config.kvDim(), config.dim()));
    this.wo = Linear.load(weights, prefix + "output", config.dim(), config.queryDim());
    this.queryNorm = weights.find(prefix + "q_norm.weight", 1, config.headDim());
    this.keyNorm = weights.find(prefix + "k_norm.weight", 1, config.headDim());
    this.scratch = scratch;
    this.scale = (float) (1 / Math.sqrt(config.headDim()));
  }

  /** {@code out [batch, dim] = attention(x [batch, dim])}. */
  void forward(Activation x, Batch batch, KvCache cache, Activation out) {
    int rows = batch.size();
    Linear.forward(backend, wqkv, x, rows, List.of(scratch.queries, scratch.keys, scratch.values));
    queryNorm.ifPresent(gain -> normalizeHeads(scratch.queries, gain, rows));
    keyNorm.ifPresent(gain -> normalizeHeads(scratch.keys, gain, rows));

    backend.rotateAndStore(
        scratch.queries, scratch.keys, scratch.values, config.rope(), cache, layer, batch);
    backend.attention(
        scratch.queries, cache, layer, scale, config.windows().get(layer), batch, scratch.attended);
    wo.forward(backend, scratch.attended, rows, out);
  }

  private void normalizeHeads(Activation heads, Weight gain, int rows) {
    backend.rmsNorm(heads, gain, config.normEpsilon(), rows, heads);
  }
}
