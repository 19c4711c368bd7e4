package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Weight;

/**
 * One layer: {@code h = x + attention(norm(x))}, then {@code h + mlp(norm(h))}. A norm takes the
 * sum before it along, so the last sum is left to the norm after this layer.
 */
final class TransformerBlock {
  private final ModelConfig config;
  private final Backend backend;
  private final int layer;
  private final Weight attentionNorm;
  private final Attention attention;
  private final Weight mlpNorm;
  private final Mlp mlp;
  private final Scratch scratch;

  TransformerBlock(
      ModelConfig config, Backend backend, WeightLoader weights, int layer, Scratch scratch) {
    String prefix = "blk." + layer + ".";
    this.config = config;
    this.backend = backend;
    this.layer = layer;
    this.attentionNorm = weights.load(prefix + "attn_norm.weight", 1, config.dim());
    this.attention = new Attention(config, backend, weights, layer, scratch);
    this.mlpNorm = weights.load(prefix + "ffn_norm.weight", 1, config.dim());
    this.mlp = new Mlp(config, backend, weights, layer, scratch);
    this.scratch = scratch;
  }

  /**
   * Takes the residual stream {@code x [batch, dim]} through this layer.
   *
   * @param delta {@code [batch, dim]}: what the layer before has to add to {@code x}, and then what
   *     this one has; the first layer finds nothing there
   */
  void forward(Activation x, Activation delta, Batch batch, KvCache cache) {
    int rows = batch.size();
    float epsilon = config.normEpsilon();
    if (layer == 0) {
      backend.rmsNorm(x, attentionNorm, epsilon, rows, scratch.normed);
    } else {
      backend.addRmsNorm(x, delta, attentionNorm, epsilon, rows, scratch.normed);
    }
    attention.forward(scratch.normed, batch, cache, delta);

    backend.addRmsNorm(x, delta, mlpNorm, epsilon, rows, scratch.normed);
    mlp.forward(scratch.normed, rows, delta);
  }

  /** Activations that all layers share, each with room for a whole batch. */
  static final class Scratch {
    final Activation normed;
    final Activation queries;
    final Activation keys;
    final Activation values;
    final Activation attended;
    final Activation gate;
    final Activation up;

    Scratch(ModelConfig config, Backend backend, int maxTokens) {
      normed = backend.allocate(maxTokens, config.dim());
      queries = backend.allocate(maxTokens, config.queryDim());
      keys = backend.allocate(maxTokens, config.kvDim());
      values = backend.allocate(maxTokens, config.kvDim());
      attended = backend.allocate(maxTokens, config.queryDim());
      gate = backend.allocate(maxTokens, config.ffnDim());
      up = backend.allocate(maxTokens, config.ffnDim());
    }
  }
}
