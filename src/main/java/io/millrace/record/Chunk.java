package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * A part of a completion, on {@code chunks}. The texts of a choice's chunks, joined in order, are
 * the completion's text.
 *
 * @param id the prompt's
 * @param choice index of the choice, from 0
 * @param index 0, 1, 2… without gaps in each choice
 * @param text may be empty
 * @param tokens sampled token ids
 * @param finishReason present on the last chunk of a choice only: {@code stop}, {@code length} or
 *     {@code error}
 */
public record Chunk(
    String id,
    int choice,
    int index,
    String text,
    List<Integer> tokens,
    Optional<String> finishReason) {
  public Chunk {
    requireNonNull(id, "id is null");
    requireNonNull(text, "text is null");
    requireNonNull(finishReason, "finishReason is null");
    tokens = List.copyOf(tokens);
  }
}
