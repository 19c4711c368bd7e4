package io.millrace.record;

import java.util.Map;

/**
 * How tokens are chosen, with OpenAI's and vLLM's meanings; the worker's engine holds the
 * definitions.
 *
 * @param temperature 0 is greedy
 * @param topP share of probability to sample from, above 0; 1 keeps all tokens
 * @param topK number of tokens to sample from; 0 keeps all
 * @param minP least probability to sample, as a share of the likeliest token's; 0 keeps all
 * @param repetitionPenalty above 1 makes tokens of prompt and completion less likely; 1 is off
 * @param presencePenalty subtracted from the logits of tokens in the completion; 0 is off
 * @param frequencyPenalty the same, once for each time that the token has come; 0 is off
 * @param logitBias added to the logits of these token ids
 */
public record SamplingOptions(
    double temperature,
    double topP,
    int topK,
    double minP,
    double repetitionPenalty,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Double> logitBias) {
  public static final double DEFAULT_TEMPERATURE = 1;

  /** Every token as likely as the model says. */
  public static final SamplingOptions DEFAULT =
      new SamplingOptions(DEFAULT_TEMPERATURE, 1, 0, 0, 1, 0, 0, Map.of());

  public SamplingOptions {
    logitBias = Map.copyOf(logitBias);
  }
}
