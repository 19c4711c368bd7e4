package io.millrace.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Holds a {@link Backend} against {@link ReferenceBackend}. */
abstract class BackendAgreement {
  Backend backend;
  Backend reference;

  /** A new backend; the kit closes it. */
  protected abstract Backend create();

  /**
   * What to allow instead of a tolerance that f32 arithmetic keeps.
   *
   * @param dtype the coarsest type that takes part, keys and values included
   */
  protected double tolerated(double tolerance, DType dtype) {
    return tolerance;
  }

  @BeforeEach
  void open() {
    backend = create();
    reference = new ReferenceBackend();
  }

  @AfterEach
  void close() {
    backend.close();
    reference.close();
  }

  /** {@code x = x + y}, beyond what is finite too; {@code y} is lost. */
  static void add(Backend b, Activation x, Activation y) {
    float[] ones = new float[x.cols()];
    Arrays.fill(ones, 1);
    b.addRmsNorm(x, y, b.load(RandomTensor.of(ones)), 1e-5f, x.rows(), y);
  }

  static void refuses(String message, Runnable call) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContaining(message);
  }

  /**
   * Runs a program on the backend and on the reference; no element may differ by more than
   * tolerance · (1 + largest).
   */
  protected final void agree(double tolerance, Function<Backend, float[][]> program) {
    float[][] found = program.apply(backend);
    float[][] expected = program.apply(reference);

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

  static int[] concatenate(int[] a, int[] b) {
    return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
  }

  static float[] concatenate(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  static float[][] concatenate(float[][] a, float[][] b) {
    return Stream.of(a, b).flatMap(Arrays::stream).toArray(float[][]::new);
  }
}
