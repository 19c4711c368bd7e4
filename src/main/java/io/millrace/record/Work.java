package io.millrace.record;

import static java.util.Objects.requireNonNull;

/**
 * A prompt on its way from the router to a worker, on {@code work.<model>}: model and seed are
 * decided.
 *
 * @param prompt its {@code model} and {@code seed} are present
 * @param acceptedAt epoch milliseconds at which the router took it
 * @param publishedAt timestamp of its record on {@code prompts}, epoch milliseconds
 */
public record Work(Prompt prompt, long acceptedAt, long publishedAt) {
  public Work {
    requireNonNull(prompt, "prompt is null");
    if (prompt.model().isEmpty() || prompt.seed().isEmpty()) {
      throw new IllegalArgumentException(
          "prompt %s has no model or no seed".formatted(prompt.id()));
    }
  }

  /** A prompt that has got its model and its seed. */
  public static Work of(Prompt prompt, String model, long seed, long acceptedAt, long publishedAt) {
    return new Work(prompt.decided(model, seed), acceptedAt, publishedAt);
  }

  /**
   * Reads a record's value.
   *
   * @throws MalformedRecordException when it holds no work
   */
  public static Work fromJson(byte[] value) {
    Fields fields = Json.read(value);
    RecordVersion.check(fields);
    Fields prompt = fields.requiredObject("prompt");
    prompt.requiredText("model");
    prompt.requiredLong("seed");
    long acceptedAt = fields.requiredLong("accepted_at");
    return new Work(
        PromptJson.read(prompt, prompt.requiredText("id"), acceptedAt),
        acceptedAt,
        fields.requiredLong("published_at"));
  }

  /** The record's value. */
  public byte[] toJson() {
    return Json.write(json -> {
      RecordVersion.write(json);
      json.writeNumberField("accepted_at", acceptedAt);
      json.writeNumberField("published_at", publishedAt);
      json.writeObjectFieldStart("prompt");
      PromptJson.write(prompt, json);
      json.writeEndObject();
    });
  }
}
