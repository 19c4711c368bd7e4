package io.millrace.record;

import static java.util.Objects.requireNonNull;

/**
 * A prompt on its way from the router to a worker, on {@code work.<model>}: model and seed are
 * decided.
 *
 * @param prompt its {@code model} and {@code seed} are present
 * @param acceptedAt epoch milliseconds at which the router took it
 */
public record Work(Prompt prompt, long acceptedAt) {
  public Work {
    requireNonNull(prompt, "prompt is null");
    if (prompt.model().isEmpty() || prompt.seed().isEmpty()) {
      throw new IllegalArgumentException(
          "prompt %s has no model or no seed".formatted(prompt.id()));
    }
  }
}
