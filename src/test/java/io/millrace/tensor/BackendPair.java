package io.millrace.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.Function;

/** A backend beside its definition: what the parts of {@link BackendTck} compare. */
interface BackendPair {
  Backend backend();

  /** The definition of what it computes. */
  Backend reference();

  /**
   * What to allow instead of a tolerance that f32 arithmetic keeps.
   *
   * @param dtype the coarsest type that takes part, keys and values included
   */
  double tolerated(double tolerance, DType dtype);

  /**
   * Runs a program on the backend and on the reference; no element may differ by more than
   * tolerance · (1 + largest).
   */
  default void agree(double tolerance, Function<Backend, float[][]> program) {
    float[][] found = program.apply(backend());
    float[][] expected = program.apply(reference());

    double largest = 0;
    for (float[] row : expected) {
      for (float value : row) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    double allowed = tolerance * (1 + largest);
    assertThat(found).hasDimensions(expected.length, expected[0].length);
    for (int row = 0; row < expected.length; row++) {
      for (int col = 0; col < expected[row].length; col++) {
        if (!(Math.abs(found[row][col] - expected[row][col]) <= allowed)) {
          assertThat(found[row][col])
              .as("row %d, column %d", row, col)
              .isCloseTo(expected[row][col], within((float) allowed));
        }
      }
    }
  }
}
