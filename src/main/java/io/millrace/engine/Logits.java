package io.millrace.engine;

/** What a row of logits says about the next token. */
final class Logits {
  private Logits() {}

  /**
   * Checks what a model gave: a logit that is no number would be hidden by what rules tokens out.
   *
   * @throws ArithmeticException when a logit is NaN or plus infinity
   */
  static void check(float[] logits) {
    for (int id = 0; id < logits.length; id++) {
      check(logits, id);
    }
  }

  private static void check(float[] logits, int id) {
    if (!(logits[id] < Float.POSITIVE_INFINITY)) {
      throw new ArithmeticException("the logit of token %d is %s".formatted(id, logits[id]));
    }
  }

  /**
   * The likeliest token; of equally likely ones that with the lowest id.
   *
   * @throws ArithmeticException when a logit is NaN or plus infinity, or all are minus infinity
   */
  static int argmax(float[] logits) {
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      check(logits, id);
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    if (logits[best] == Float.NEGATIVE_INFINITY) {
      throw new ArithmeticException("the logits of all tokens are -Infinity");
    }
    return best;
  }
}
