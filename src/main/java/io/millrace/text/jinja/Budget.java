package io.millrace.text.jinja;

/** Bounds what a rendering may take, whatever the template does. */
final class Budget {
  /** Far above what templates need: a step is an expression or a statement. */
  private static final int MAX_STEPS = 5_000_000;

  /** Characters of all strings that are made, the output among them. */
  private static final long MAX_CHARS = 256 << 20;

  private static final int MAX_DEPTH = 600;

  /** As Jinja's sandbox. */
  static final int MAX_RANGE = 100_000;

  private int steps;
  private long chars;
  private int depth;

  void step() {
    steps(1);
  }

  void steps(long count) {
    if (count > MAX_STEPS - steps) {
      throw new TemplateException("takes more than %d steps".formatted(MAX_STEPS));
    }
    steps += (int) count;
  }

  void chars(long count) {
    chars += count;
    if (chars > MAX_CHARS) {
      throw new TemplateException("makes more than %d characters".formatted(MAX_CHARS));
    }
  }

  void enter() {
    step();
    if (++depth > MAX_DEPTH) {
      throw new TemplateException("calls and expressions go deeper than %d".formatted(MAX_DEPTH));
    }
  }

  void leave() {
    depth--;
  }
}
