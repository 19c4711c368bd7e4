package io.millrace.model;

import io.millrace.tensor.Backend;
import io.millrace.tensor.Weight;
import java.util.Optional;

/** Loads weights into a backend and counts what they take there. */
final class WeightLoader {
  private final WeightSet weights;
  private final Backend backend;
  private long bytes;

  WeightLoader(WeightSet weights, Backend backend) {
    this.weights = weights;
    this.backend = backend;
  }

  Weight load(String name, int rows, int cols) {
    Weight weight = backend.load(weights.get(name, rows, cols));
    bytes += weight.bytes();
    return weight;
  }

  Optional<Weight> find(String name, int rows, int cols) {
    return weights.find(name).map(source -> load(name, rows, cols));
  }

  /** Resident bytes of all that was loaded. */
  long bytes() {
    return bytes;
  }
}
