package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/**
 * How a token is chosen from its logits.
 *
 * @param temperature 0 chooses the likeliest token; above it logits are divided by it
 * @param topP keep the fewest tokens whose probabilities reach this sum; 1 keeps all
 * @param topK keep this many of the likeliest tokens; 0 keeps all
 * @param minP keep tokens with at least this share of the likeliest token's probability; 0 keeps
 *     all
 * @param penalties for tokens that have come before
 * @param logitBias added to the logits of these token ids
 * @param seed with the choice and a token's position, the key of its random number
 * @param choice number of this completion among those of a prompt: each has its own random numbers
 */
public record Sampling(
    double temperature,
    double topP,
    int topK,
    double minP,
    Penalties penalties,
    Map<Integer, Double> logitBias,
    long seed,
    int choice) {
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 0, 0);

  public Sampling {
    requireNonNull(penalties, "penalties is null");
    logitBias = Map.copyOf(logitBias);
  }

  /** Without penalties and bias, the first choice. */
  public Sampling(double temperature, double topP, int topK, double minP, long seed) {
    this(temperature, topP, topK, minP, Penalties.NONE, Map.of(), seed, 0);
  }
}
