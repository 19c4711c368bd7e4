package io.millrace.record;

import static java.util.Objects.requireNonNull;

import io.millrace.record.Completion.ErrorBody;
import java.util.Map;
import java.util.Optional;

/** What a record on {@code prompts} turned out to be. */
public sealed interface ParsedPrompt {
  /** The id under which the prompt is answered, whatever it is. */
  String id();

  /** A prompt that may be generated. */
  record Valid(Prompt prompt) implements ParsedPrompt {
    public Valid {
      requireNonNull(prompt, "prompt is null");
    }

    @Override
    public String id() {
      return prompt.id();
    }
  }

  /**
   * Anything else. The fields that could be read are kept, so that the answer carries them.
   *
   * @param unreadable whether the record holds no JSON object, and so belongs on {@code
   *     dead-letters} too
   * @param stream whether the client waits for a last chunk; true when that could not be read
   */
  record Invalid(
      String id,
      ErrorBody error,
      boolean unreadable,
      Optional<String> model,
      boolean stream,
      Map<String, String> metadata)
      implements ParsedPrompt {
    public Invalid {
      requireNonNull(id, "id is null");
      requireNonNull(error, "error is null");
      requireNonNull(model, "model is null");
      metadata = Map.copyOf(metadata);
    }
  }
}
