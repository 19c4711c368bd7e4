package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.MetalBackend;
import io.millrace.metal.Simulator;
import io.millrace.tensor.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;

/**
 * What holds of the engine holds on a GPU too, on this model even which tokens come: that their
 * logits have the same bits in every batch is a promise of the CPU backend only.
 */
@Tag("metal")
class MetalBatchEngineTest extends BatchEngineTest {
  private Simulator simulator;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
  }

  @Override
  protected Backend backend() {
    return MetalBackend.open(simulator.libraries());
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
  }
}
