package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.cpu.CpuBackend;
import io.millrace.metal.Simulator;
import io.millrace.metal.objc.Libraries;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @AfterEach
  void useTheSystem() {
    System.clearProperty(Libraries.PROPERTY);
  }

  @Test
  void shouldCheckEveryKernelAndSumItUpInOneLine() {
    System.setProperty(Libraries.PROPERTY, Simulator.require().library().toString());

    CommandRun run = CommandRun.of("doctor", "--quick");

    assertThat(run.exit()).as(run.out() + run.err()).isZero();
    assertThat(run.out())
        .contains("gpu       metal: Metal simulator", "families Apple 7, Apple 8, Metal 3")
        .contains("matvec q8_0 x8", "matmat bf16 x40", "attention f16 128 x8")
        .doesNotContain("WRONG");
    assertThat(run.outLines().getLast())
        .startsWith("report ")
        .containsPattern("(\\d+) of \\1 kernels right; not timed");
  }

  /** On the simulator it would take hours; what is timed is the same on every backend. */
  @Test
  void shouldTimeTheMemoryAndDecoding() {
    StringWriter out = new StringWriter();
    try (CpuBackend backend = new CpuBackend()) {
      String summary = DoctorCommand.timed(backend, new PrintWriter(out));

      assertThat(summary).matches("memory [0-9.]+ GB/s, decoding at [0-9]+% of it");
    }
    assertThat(out.toString())
        .containsPattern("memory    [0-9.]+ GB/s")
        .containsPattern("decoding  [0-9.]+ tokens/s of a model of [0-9,]+ bytes");
  }

  @Test
  void shouldTellWhyMetalCannotBeUsed() {
    System.setProperty(Libraries.PROPERTY, "/nowhere/libMetal.so");

    CommandRun run = CommandRun.of("doctor");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("gpu       cannot be used: library /nowhere/libMetal.so");
  }

  @Test
  void shouldFailWhenMetalIsAskedForAndNotThere() {
    System.setProperty(Libraries.PROPERTY, "/nowhere/libMetal.so");

    CommandRun run =
        CommandRun.of("bench", "--shape", "tinyllama-1.1b", "--backend", "metal", "--batch", "1");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("library /nowhere/libMetal.so cannot be loaded");
  }
}
