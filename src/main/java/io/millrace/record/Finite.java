package io.millrace.record;

/** JSON has no NaN and no Infinity, so records hold none. */
final class Finite {
  private Finite() {}

  static void check(String name, double number) {
    if (!Double.isFinite(number)) {
      throw new IllegalArgumentException(
          "%s is %s, expected a finite number".formatted(name, number));
    }
  }
}
