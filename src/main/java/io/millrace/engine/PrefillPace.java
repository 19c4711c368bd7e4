package io.millrace.engine;

/**
 * How many tokens of waiting prompts a step may compute beside the sequences that decode, so that a
 * long prompt at most doubles the time between their tokens. Learned from the steps themselves: how
 * long decoding alone takes, and how much longer a step takes for each token of a prompt in it.
 */
final class PrefillPace {
  /** A prompt always gets on, also while nothing has been measured. */
  private static final int LEAST_TOKENS = 4;

  /** Share of a decoding step that prefill may add: less than all, for steps that vary. */
  private static final double ADDED_SHARE = 0.8;

  /** Weight of a new measurement in the running averages. */
  private static final double NEWEST = 0.2;

  private final int most;
  private double decodeSeconds;
  private double tokenSeconds;

  /**
   * @param most tokens that a step takes at all
   */
  PrefillPace(int most) {
    this.most = most;
  }

  /** A step of {@code decoding} sequences and {@code prefilled} prompt tokens took this long. */
  void measured(int decoding, int prefilled, double seconds) {
    if (prefilled == 0) {
      decodeSeconds = average(decodeSeconds, seconds);
    } else if (decoding == 0) {
      tokenSeconds = average(tokenSeconds, seconds / prefilled);
    } else if (decodeSeconds > 0) {
      double added = Math.max(0, seconds - decodeSeconds);
      tokenSeconds = average(tokenSeconds, added / prefilled);
    }
  }

  /** Most prompt tokens for a step in which {@code decoding} sequences decode. */
  int tokens(int decoding) {
    if (decoding == 0) {
      return most;
    }
    if (decodeSeconds == 0 || tokenSeconds == 0) {
      return LEAST_TOKENS;
    }
    double tokens = ADDED_SHARE * decodeSeconds / tokenSeconds;
    return (int) Math.clamp(tokens, LEAST_TOKENS, most);
  }

  private static double average(double old, double fresh) {
    return old == 0 ? fresh : old + NEWEST * (fresh - old);
  }
}
