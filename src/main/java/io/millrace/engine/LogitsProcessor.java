package io.millrace.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Changes logits before a token is sampled from them. */
@FunctionalInterface
interface LogitsProcessor {
  /**
   * @param logits {@code [vocabSize]}, changed in place; minus infinity rules a token out
   * @param history of the sequence that gets the token
   */
  void process(float[] logits, TokenHistory history);

  /**
   * What a request asks for, in vLLM's order: the least number of tokens, bias, penalties.
   *
   * @param endTokens that end the completion
   */
  static List<LogitsProcessor> of(Sampling sampling, StopConditions stop, Set<Integer> endTokens) {
    List<LogitsProcessor> processors = new ArrayList<>();
    if (stop.minTokens() > 0) {
      processors.add(withoutBefore(stop.minTokens(), endTokens));
    }
    if (!sampling.logitBias().isEmpty()) {
      processors.add(bias(sampling.logitBias()));
    }
    Penalties penalties = sampling.penalties();
    if (penalties.repetition() != 1) {
      processors.add(repetition((float) penalties.repetition()));
    }
    if (penalties.frequency() != 0 || penalties.presence() != 0) {
      processors.add(occurrence((float) penalties.frequency(), (float) penalties.presence()));
    }
    return List.copyOf(processors);
  }

  /** Rules tokens out until so many have been generated. */
  private static LogitsProcessor withoutBefore(int minTokens, Set<Integer> tokens) {
    return (logits, history) -> {
      if (history.generated() < minTokens) {
        tokens.forEach(token -> logits[token] = Float.NEGATIVE_INFINITY);
      }
    };
  }

  private static LogitsProcessor bias(Map<Integer, Double> biases) {
    return (logits, history) -> biases.forEach((token, bias) -> logits[token] += bias.floatValue());
  }

  private static LogitsProcessor repetition(float penalty) {
    return (logits, history) ->
        history
            .counts()
            .keySet()
            .forEach(token -> {
              float logit = logits[token];
              logits[token] = logit > 0 ? logit / penalty : logit * penalty;
            });
  }

  private static LogitsProcessor occurrence(float frequency, float presence) {
    return (logits, history) ->
        history
            .counts()
            .forEach((token, count) -> {
              if (count > 0) {
                logits[token] -= frequency * count + presence;
              }
            });
  }
}
