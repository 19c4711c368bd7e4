package io.millrace.metal;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.tensor.Backend;
import io.millrace.tensor.BackendTck;
import io.millrace.tensor.DType;
import org.junit.jupiter.api.AfterEach;

/**
 * The kernels on the simulator, which runs each dispatch in several orders, compares the bits, and
 * watches how they are called.
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
    simulator.order(Simulator.Order.EACH, 0);
    return MetalBackend.open(simulator.libraries());
  }

  /** Products run in half precision where the weight has no more; so do keys and values. */
  @Override
  protected double tolerated(double tolerance, DType dtype) {
    return dtype == DType.F32 ? Math.max(tolerance, 1e-3) : Math.max(tolerance, 2e-2);
  }
}
