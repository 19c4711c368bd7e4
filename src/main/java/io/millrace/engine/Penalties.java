package io.millrace.engine;

/**
 * How much less likely tokens become that have come before. Repetition is that of Keskar et al.
 * (CTRL, 2019) as Hugging Face and mlx-lm have it; presence and frequency are OpenAI's. As in vLLM,
 * repetition looks at the whole prompt and the completion, the others at the completion.
 *
 * @param repetition divides the positive logits of tokens that have come, and multiplies the
 *     negative ones; 1 is off
 * @param presence is subtracted from the logits of tokens that have come; 0 is off
 * @param frequency is subtracted once for each time that a token has come; 0 is off
 */
public record Penalties(double repetition, double presence, double frequency) {
  public static final Penalties NONE = new Penalties(1, 0, 0);

  public Penalties {
    if (!(repetition > 0) || !Double.isFinite(repetition + presence + frequency)) {
      throw new IllegalArgumentException(
          "penalties are %s, %s and %s, expected numbers, the first above 0"
              .formatted(repetition, presence, frequency));
    }
  }
}
