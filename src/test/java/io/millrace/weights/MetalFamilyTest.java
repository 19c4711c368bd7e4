package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.MetalBackend;
import io.millrace.metal.Simulator;
import io.millrace.tensor.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** Biases, norms of heads and all else that families differ in, in the fused kernels of a GPU. */
@Tag("metal")
class MetalFamilyTest extends GgufFamilyTest {
  private Simulator simulator;

  @Override
  Backend backend() {
    simulator = Simulator.require();
    simulator.order(Simulator.Order.RANDOM, 11);
    return MetalBackend.open(simulator.libraries());
  }

  /** Keys and values are f16 where matrices are. */
  @Override
  double tolerance() {
    return 2e-2;
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
  }
}
