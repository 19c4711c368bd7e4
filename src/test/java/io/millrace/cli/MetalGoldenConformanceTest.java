package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.SharedFiles;
import io.millrace.metal.Simulator;
import io.millrace.metal.objc.Libraries;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** Whole models on the Metal simulator, against what an independent program computed in float64. */
class MetalGoldenConformanceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Simulator simulator;

  @BeforeEach
  void useTheSimulator() {
    simulator = Simulator.require();
    System.setProperty(Libraries.PROPERTY, simulator.library().toString());
  }

  @AfterEach
  void useTheSystem() {
    System.clearProperty(Libraries.PROPERTY);
    assertThat(simulator.takeReport()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "stories260K.gguf, 1e-3",
    "stories260K-F16.gguf, 2e-2",
    "random-BF16.gguf, 2e-2",
    "stories260K-Q8_0.gguf, 2e-2",
    "stories260K-Q4_0.gguf, 2e-2",
    "random-Q4_K_M.gguf, 2e-2",
    "random-Q6_K.gguf, 2e-2",
    "hf-safetensors-bf16, 2e-2",
    "mlx-llama-npz, 2e-2",
    "mlx-lm-4bit-g64, 2e-2"
  })
  void shouldGiveTheLogitsAndTheGreedyTokens(String file, float tolerance) throws IOException {
    Path model = SharedFiles.require("models").resolve(file);
    JsonNode golden = JSON.readTree(model.resolveSibling("golden.json").toFile()).get(file);
    String prompt =
        StreamSupport.stream(golden.get("prompt_tokens").spliterator(), false)
            .map(JsonNode::asText)
            .collect(Collectors.joining(","));

    JsonNode logits = run("logits", model, "--tokens", prompt);
    JsonNode text = run("generate", model, "--prompt", "Once upon a time", "--max-tokens", "48");

    JsonNode expected = golden.get("last_logits");
    for (int id = 0; id < expected.size(); id++) {
      float found = logits.get("logits").get(id).floatValue();
      assertThat(found)
          .as("logit %d", id)
          .isCloseTo(expected.get(id).floatValue(), within(tolerance));
    }
    assertThat(text.get("tokens")).isEqualTo(golden.get("greedy_tokens"));
  }

  @Test
  void shouldRunAWholeModelWithoutARace() throws IOException {
    simulator.watch(true);
    Path model = SharedFiles.require("models").resolve("stories260K-Q8_0.gguf");

    JsonNode text = run("generate", model, "--prompt", "Once upon a time", "--max-tokens", "40");

    assertThat(text.get("tokens")).hasSize(40);
    assertThat(simulator.takeTraffic()).isNotEmpty();
  }

  /** Runs a command that prints one line of JSON. */
  private static JsonNode run(String command, Path model, String... arguments) throws IOException {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine millrace = Millrace.commandLine();
    millrace.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    String[] all = new String[arguments.length + 6];
    System.arraycopy(
        new String[] {command, "--model", model.toString(), "--backend", "metal", "--json"},
        0,
        all,
        0,
        6);
    System.arraycopy(arguments, 0, all, 6, arguments.length);
    int exit = millrace.execute(all);
    assertThat(exit).as(err.toString()).isZero();
    return JSON.readTree(out.toString());
  }
}
