package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.worker.BundledModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class DemoCommandIT {
  @Test
  void shouldShowTheTextOfEveryPromptAndTheRate() {
    CommandRun run = CommandRun.of("demo");

    assertThat(run.err()).isEmpty();
    assertThat(run.exit()).isZero();
    assertThat(BundledModel.prompts())
        .isNotEmpty()
        .allSatisfy(prompt -> assertThat(run.out()).contains("\n" + prompt));
    assertThat(run.out())
        .contains(BundledModel.prompts().size() + " completions")
        .containsPattern("\\d+ tokens/s");
  }
}
