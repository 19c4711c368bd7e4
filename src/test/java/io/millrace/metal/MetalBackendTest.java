package io.millrace.metal;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.tensor.Activation;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.Backend;
import io.millrace.tensor.BackendTck;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.RandomGroups;
import io.millrace.tensor.Weight;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kernels on the simulator, which runs each dispatch in several orders, compares the bits, and
 * minds how they are called.
 */
class MetalBackendTest extends BackendTck {
  private Simulator simulator;

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
  }

  @Override
  protected Backend create() {
    simulator = Simulator.require();
    prepare(simulator);
    return MetalBackend.open(simulator.libraries());
  }

  /** How kernels are compiled and run. */
  void prepare(Simulator simulator) {
    simulator.order(Simulator.Order.EACH, 0);
  }

  /** Products run in half precision where the weight has no more; so do keys and values. */
  @Override
  protected double tolerated(double tolerance, DType dtype) {
    return dtype == DType.F32 ? Math.max(tolerance, 1e-3) : Math.max(tolerance, 2e-2);
  }

  static Stream<AffineType> affineTypes() {
    Stream<AffineType> bits =
        Stream.of(2, 3, 4, 5, 6, 8).map(n -> new AffineType(n, 64, DType.F16));
    return Stream.concat(
        bits,
        Stream.of(
            new AffineType(4, 32, DType.BF16),
            new AffineType(4, 128, DType.F32),
            new AffineType(5, 32, DType.F32)));
  }

  @ParameterizedTest
  @MethodSource("affineTypes")
  void shouldMultiplyAffineGroups(AffineType type) {
    RandomGroups groups = RandomGroups.of(type, 37, 3 * 128, 20);
    for (int columns : new int[] {1, 5, 12, 40}) {
      float[][] x = random(columns, groups.cols(), 21);

      agree(
          2e-2,
          b -> {
            Activation out = b.allocate(columns, groups.rows());
            b.matmul(b.load(groups), activation(b, x), columns, out);
            return read(b, out, columns);
          });
      agree(
          2e-2,
          b -> {
            Weight w = b.load(groups);
            Activation out = b.allocate(columns, groups.rows());
            Activation scratch = b.allocate(columns, groups.rows());
            b.matmulSwiglu(w, w, activation(b, x), columns, out, scratch);
            return read(b, out, columns);
          });
    }
    agree(
        1e-6,
        b -> {
          Activation out = b.allocate(3, groups.cols());
          Batch tokens =
              new Batch(new int[] {0, 36, 17}, new int[3], new int[3], new int[1][0], new int[0]);
          b.embed(b.load(groups), tokens, out);
          return read(b, out, 3);
        });
  }
}
