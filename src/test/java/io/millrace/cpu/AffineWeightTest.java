package io.millrace.cpu;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.tensor.Activation;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.Backend;
import io.millrace.tensor.RandomGroups;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights of MLX's affine quantization, with and without a kernel of their own. */
class AffineWeightTest {
  private static final int ROWS = 37;
  private static final int COLS = 3 * 128;

  @ParameterizedTest
  @MethodSource("io.millrace.tensor.RandomGroups#types")
  void shouldMultiplyAsTheReference(AffineType type) {
    TensorSource source = RandomGroups.of(type, ROWS, COLS, 2);
    float[][] x = random(5, COLS, 3);
    try (Backend cpu = new CpuBackend(2);
        Backend reference = new ReferenceBackend()) {
      float[][] expected = multiply(reference, source, x);

      float[][] together = multiply(cpu, source, x);

      for (int i = 0; i < x.length; i++) {
        assertThat(together[i]).containsExactly(expected[i], within(1e-3f));
        assertThat(multiply(cpu, source, x[i])[0]).isEqualTo(together[i]);
      }
    }
  }

  private static float[][] multiply(Backend backend, TensorSource source, float[]... x) {
    Weight w = backend.load(source);
    Activation out = backend.allocate(x.length, w.rows());
    backend.matmul(w, activation(backend, x), x.length, out);
    return read(backend, out, x.length);
  }
}
