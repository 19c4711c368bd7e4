package io.millrace.engine;

/** What a row of logits says about the next token. */
final class Logits {
  private Logits() {}

  /**
   * The likeliest token; of equally likely ones that with the lowest id.
   *
   * @throws ArithmeticException when a logit is NaN or plus infinity, or all are minus infinity
   */
  static int argmax(float[] logits) {
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      float logit = logits[id];
      if (!(logit < Float.POSITIVE_INFINITY)) {
        throw new ArithmeticException("the logit of token %d is %s".formatted(id, logit));
      }
      if (logit > logits[best]) {
        best = id;
      }
    }
    if (logits[best] == Float.NEGATIVE_INFINITY) {
      throw new ArithmeticException("the logits of all tokens are -Infinity");
    }
    return best;
  }
}
