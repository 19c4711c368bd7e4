package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Weight;

/** The gated MLP: {@code down(silu(gate(x)) · up(x))}. */
final class Mlp {
  private final Backend backend;
  private final Weight gate;
  private final Weight up;
  private final Weight down;
  private final TransformerBlock.Scratch scratch;

  Mlp(
      ModelConfig config,
      Backend backend,
      WeightLoader weights,
      int layer,
      TransformerBlock.Scratch scratch) {
    String prefix = "blk." + layer + ".ffn_";
    this.backend = backend;
    this.gate = weights.load(prefix + "gate.weight", config.ffnDim(), config.dim());
    this.up = weights.load(prefix + "up.weight", config.ffnDim(), config.dim());
    this.down = weights.load(prefix + "down.weight", config.dim(), config.ffnDim());
    this.scratch = scratch;
  }

  /** {@code out [rows, dim] = mlp(x [rows, dim])}. */
  void forward(Activation x, int rows, Activation out) {
    backend.matmul(gate, x, rows, scratch.gate);
    backend.matmul(up, x, rows, scratch.up);
    backend.swiglu(scratch.gate, scratch.up, rows);
    backend.matmul(down, scratch.gate, rows, out);
  }
}
