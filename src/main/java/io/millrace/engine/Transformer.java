package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import io.millrace.model.Llama;
import io.millrace.tensor.Backend;

/** A model and the backend that it was loaded into. */
public record Transformer(Llama llama, Backend backend) implements AutoCloseable {
  public Transformer {
    requireNonNull(llama, "llama is null");
    requireNonNull(backend, "backend is null");
  }

  /** Frees the weights. */
  @Override
  public void close() {
    backend.close();
  }
}
