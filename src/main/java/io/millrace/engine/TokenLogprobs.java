package io.millrace.engine;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * How likely a sampled token was, and which were likelier: natural logarithms of probabilities, by
 * the logits as the model gave them. Penalties, bias, temperature and what rules tokens out do not
 * count, as in vLLM unless it is told otherwise.
 *
 * @param token the sampled one
 * @param textOffset characters (code points) of the text before it
 * @param top likeliest first; of equally likely ones the lowest id
 */
public record TokenLogprobs(Entry token, int textOffset, List<Entry> top) {
  public TokenLogprobs {
    requireNonNull(token, "token is null");
    top = List.copyOf(top);
  }

  /**
   * @param text of the token alone: its spelling when it has no text, its bytes as {@code
   *     bytes:\xe2\x82} when they are no whole characters
   */
  public record Entry(int id, String text, double logprob) {
    public Entry {
      requireNonNull(text, "text is null");
    }
  }
}
