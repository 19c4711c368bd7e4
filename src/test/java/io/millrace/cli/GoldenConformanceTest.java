package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.SharedFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What an independent program computed in float64 for the same files. */
class GoldenConformanceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource({
    "stories260K.gguf, 1e-3",
    "stories260K-F16.gguf, 1e-3",
    "random-BF16.gguf, 1e-3",
    "mlx-llama-npz, 1e-3",
    "hf-safetensors-bf16, 1e-3",
    "mlx-lm-4bit-g64, 2e-2",
    "random-Q4_K_M.gguf, 2e-2",
    "random-Q6_K.gguf, 2e-2",
    "stories260K-Q8_0.gguf, 2e-2",
    "stories260K-Q4_0.gguf, 2e-2"
  })
  void shouldGiveTheLogitsAndTheGreedyTokens(String file, float tolerance) throws IOException {
    Path model = SharedFiles.require("models").resolve(file);
    JsonNode golden = JSON.readTree(model.resolveSibling("golden.json").toFile()).get(file);
    String prompt = joined(golden.get("prompt_tokens"));

    JsonNode logits = run("logits", "--model", model.toString(), "--tokens", prompt, "--json");
    JsonNode text =
        run(
            "generate",
            "--model",
            model.toString(),
            "--prompt",
            "Once upon a time",
            "--max-tokens",
            "48",
            "--json");

    assertThat(logits.get("tokens")).isEqualTo(golden.get("prompt_tokens"));
    JsonNode expected = golden.get("last_logits");
    for (int id = 0; id < expected.size(); id++) {
      assertThat(logits.get("logits").get(id).floatValue())
          .as("logit %d", id)
          .isCloseTo(expected.get(id).floatValue(), within(tolerance));
    }
    assertThat(text.get("tokens")).isEqualTo(golden.get("greedy_tokens"));
    assertThat(text.at("/usage/prompt_tokens").intValue()).isEqualTo(5);
  }

  @Test
  void shouldChooseTheSameTokensWithKeysAndValuesInF16() throws IOException {
    Path model = SharedFiles.require("models").resolve("stories260K-Q8_0.gguf");

    JsonNode precise = greedy(model, "f32");

    assertThat(greedy(model, "f16").get("tokens")).isEqualTo(precise.get("tokens"));
  }

  private static JsonNode greedy(Path model, String kvType) throws IOException {
    return run(
        "generate",
        "--model",
        model.toString(),
        "--kv-type",
        kvType,
        "--prompt",
        "Once upon a time",
        "--max-tokens",
        "100",
        "--json");
  }

  @Test
  void shouldTellTheStoryOfLily() throws IOException {
    Path model = SharedFiles.require("models/stories260K.gguf");

    JsonNode line =
        run(
            "generate",
            "--model",
            model.toString(),
            "--prompt",
            "Once upon a time",
            "--stop",
            " One day",
            "--json");

    assertThat(line.get("text").textValue())
        .isEqualTo(", there was a little girl named Lily. She loved to play outside in the park.");
    assertThat(line.get("finish_reason").textValue()).isEqualTo("stop");
  }

  private static String joined(JsonNode tokens) {
    return StreamSupport.stream(tokens.spliterator(), false)
        .map(JsonNode::asText)
        .collect(Collectors.joining(","));
  }

  /** Runs a command that prints one line of JSON. */
  private static JsonNode run(String... arguments) throws IOException {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command = Millrace.commandLine();
    command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = command.execute(arguments);
    assertThat(exit).as(err.toString()).isZero();
    return JSON.readTree(out.toString());
  }
}
