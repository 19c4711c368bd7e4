package io.millrace.model;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Weight;
import java.util.List;
import java.util.Optional;

/** A linear layer: {@code x · weightᵀ}, and a bias where the checkpoint has one. */
record Linear(Weight weight, Optional<Weight> bias) {
  /** Loads {@code name.weight [rows, cols]} and, if it is there, {@code name.bias [rows]}. */
  static Linear load(WeightLoader weights, String name, int rows, int cols) {
    return new Linear(
        weights.load(name + ".weight", rows, cols), weights.find(name + ".bias", 1, rows));
  }

  /** {@code out [rows, weight.rows] = x [rows, weight.cols] · weightᵀ + bias}. */
  void forward(Backend backend, Activation x, int rows, Activation out) {
    backend.matmul(weight, x, rows, out);
    addBias(backend, out, rows);
  }

  /**
   * Several layers of the same input, each as {@link #forward(Backend, Activation, int,
   * Activation)}.
   */
  static void forward(
      Backend backend, List<Linear> layers, Activation x, int rows, List<Activation> outs) {
    backend.matmul(layers.stream().map(Linear::weight).toList(), x, rows, outs);
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).addBias(backend, outs.get(i), rows);
    }
  }

  private void addBias(Backend backend, Activation out, int rows) {
    bias.ifPresent(b -> backend.addBias(out, b, rows));
  }
}
