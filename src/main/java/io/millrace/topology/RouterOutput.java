package io.millrace.topology;

import static java.util.Objects.requireNonNull;

/** What the router writes. The value is serialized already, so that its size is known. */
sealed interface RouterOutput {
  byte[] value();

  /** A record of the router's own: a completion, a last chunk, a dead letter. */
  record Answer(byte[] value) implements RouterOutput {}

  /**
   * A prompt on its way to a worker.
   *
   * @param lane partition of the model's work topic
   */
  record Routed(String model, int lane, byte[] value) implements RouterOutput {
    public Routed {
      requireNonNull(model, "model is null");
      requireNonNull(value, "value is null");
    }
  }
}
