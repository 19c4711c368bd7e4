package io.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Option;

/** What a prompt asks for beside its text. What is not given is left to the router's defaults. */
final class PromptOptions {
  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "Name of the model (default: the router's default-model).")
  private String model;

  @Option(
      names = {"-m", "--max-tokens"},
      paramLabel = "N",
      description = "Most tokens to generate (default: 256).")
  private Integer maxTokens;

  @Option(
      names = {"--temperature", "--temp"},
      paramLabel = "X",
      description = "0 takes the likeliest token (default: 1).")
  private Double temperature;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Equal seeds give equal text (default: a random one).")
  private Long seed;

  @Option(
      names = "--stop",
      paramLabel = "T",
      description = "Ends the text before this one; may be given several times.")
  private List<String> stop;

  /** Whether any is given. */
  boolean isEmpty() {
    return model == null
        && maxTokens == null
        && temperature == null
        && seed == null
        && stop == null;
  }

  /** Fills in what the prompt does not say itself. */
  void addTo(ObjectNode prompt) {
    if (model != null && !prompt.has("model")) {
      prompt.put("model", model);
    }
    if (maxTokens != null && !prompt.has("max_tokens")) {
      prompt.put("max_tokens", maxTokens);
    }
    if (temperature != null && !prompt.has("temperature")) {
      prompt.put("temperature", temperature);
    }
    if (seed != null && !prompt.has("seed")) {
      prompt.put("seed", seed);
    }
    if (stop != null && !prompt.has("stop")) {
      stop.forEach(prompt.putArray("stop")::add);
    }
  }
}
