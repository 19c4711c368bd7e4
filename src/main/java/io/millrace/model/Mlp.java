package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import java.util.List;

/** The gated MLP: {@code down(silu(gate(x)) · up(x))}. */
final class Mlp {
  private final Backend backend;
  private final Linear gate;
  private final Linear up;
  private final Linear down;
  private final TransformerBlock.Scratch scratch;

  Mlp(
      ModelConfig config,
      Backend backend,
      WeightLoader weights,
      int layer,
      TransformerBlock.Scratch scratch) {
    String prefix = "blk." + layer + ".ffn_";
    this.backend = backend;
    this.gate = Linear.load(weights, prefix + "gate", config.ffnDim(), config.dim());
    this.up = Linear.load(weights, prefix + "up", config.ffnDim(), config.dim());
    this.down = Linear.load(weights, prefix + "down", config.dim(), config.ffnDim());
    this.scratch = scratch;
  }

  /** {@code out [rows, dim] = mlp(x [rows, dim])}. */
  void forward(Activation x, int rows, Activation out) {
    if (gate.bias().isEmpty() && up.bias().isEmpty()) {
      backend.matmulSwiglu(gate.weight(), up.weight(), x, rows, scratch.gate, scratch.up);
    } else {
      Linear.forward(backend, List.of(gate, up), x, rows, List.of(scratch.gate, scratch.up));
      backend.swiglu(scratch.gate, scratch.up, rows);
    }
    down.forward(backend, scratch.gate, rows, out);
  }
}
