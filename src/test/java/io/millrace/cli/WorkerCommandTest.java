package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.worker.BundledModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerCommandTest {
  @TempDir private Path directory;

  @Test
  void shouldAskForAModel() {
    CommandRun run = CommandRun.of("worker");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("--model");
  }

  @ParameterizedTest
  @CsvSource({
    "--memory, lots, 8G",
    "--backend, gpu, CPU",
    "--threads, 0, at least 1",
    "--drain-timeout, soon, 30s"
  })
  void shouldSayWhatAFlagTakes(String flag, String value, String expected) {
    CommandRun run = CommandRun.of("worker", "--model", "m.gguf", flag, value);

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains(value).contains(expected);
  }

  @Test
  void shouldRefuseAFileThatIsNoModel() throws Exception {
    Path file = Files.writeString(directory.resolve("notes.gguf"), "not a model");

    CommandRun run = CommandRun.of("worker", "--model", file.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err().lines()).singleElement().asString().contains("notes.gguf");
  }

  @Test
  void shouldRefuseAModelThatDoesNotFitItsMemory() {
    try (BundledModel bundled = BundledModel.unpack()) {
      CommandRun run =
          CommandRun.of("worker", "--model", bundled.path().toString(), "--memory", "1MiB");

      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.err().lines()).singleElement().asString().contains("--memory");
    }
  }

  @Test
  void shouldRefuseAConfigWithAnUnknownKey() throws Exception {
    Path config = Files.writeString(directory.resolve("worker.properties"), "worker.slot=3\n");

    CommandRun run = CommandRun.of("router", "--config", config.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("worker.properties").contains("did you mean worker.slots?");
  }

  @Test
  void shouldSayThatNoBrokerAnswers() throws Exception {
    Path config = Files.writeString(directory.resolve("worker.properties"), "metrics.port=off\n");

    CommandRun run =
        CommandRun.of(
            "router", "--config", config.toString(), "--bootstrap-servers", "127.0.0.1:1");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err().lines())
        .singleElement()
        .asString()
        .contains("no Kafka broker answers at 127.0.0.1:1");
  }
}
