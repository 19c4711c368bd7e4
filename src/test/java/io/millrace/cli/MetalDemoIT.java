package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.metal.Simulator;
import io.millrace.metal.Simulator.Counters;
import io.millrace.metal.objc.Libraries;
import io.millrace.worker.BundledModel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole way of a prompt, Kafka included, with the kernels running on the Metal simulator. */
@Timeout(240)
class MetalDemoIT {
  private Simulator simulator;

  @BeforeEach
  void useTheSimulator() {
    simulator = Simulator.require();
    System.setProperty(Libraries.PROPERTY, simulator.library().toString());
  }

  @AfterEach
  void useTheSystem() {
    System.clearProperty(Libraries.PROPERTY);
  }

  @Test
  void shouldGenerateOnTheGpuAndCompleteEveryPrompt() {
    Counters before = simulator.counters();

    CommandRun run = CommandRun.of("demo");

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains(BundledModel.prompts().size() + " completions");
    assertThat(simulator.counters().since(before).commandBuffers()).isGreaterThan(50);
    assertThat(simulator.takeReport()).isEmpty();
  }
}
