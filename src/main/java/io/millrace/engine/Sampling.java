package io.millrace.engine;

/**
 * How a token is chosen from its logits.
 *
 * @param temperature 0 chooses the likeliest token; above it logits are divided by it
 * @param topP keep the fewest tokens whose probabilities reach this sum; 1 keeps all
 * @param topK keep this many of the likeliest tokens; 0 keeps all
 * @param minP keep tokens with at least this share of the likeliest token's probability; 0 keeps
 *     all
 * @param seed with a token's position, the key of its random number
 */
public record Sampling(double temperature, double topP, int topK, double minP, long seed) {
  public static final Sampling GREEDY = new Sampling(0, 1, 0, 0, 0);
}
