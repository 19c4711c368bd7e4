package io.millrace.cli;

import io.millrace.engine.Penalties;
import io.millrace.engine.Sampling;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** How {@code generate} chooses tokens. */
final class SamplingArguments {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"--temperature", "--temp"},
      paramLabel = "X",
      defaultValue = "0",
      description = "0 takes the likeliest token (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Sample from the fewest tokens whose probabilities reach P (default: all).")
  private double topP;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Sample from the K likeliest tokens (default: all).")
  private int topK;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Sample from tokens with P times the likeliest one's probability (default: all).")
  private double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description = "Above 1, tokens that have come are less likely (default: ${DEFAULT-VALUE}).")
  private double repetitionPenalty;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "Subtracted from the logits of generated tokens (default: ${DEFAULT-VALUE}).")
  private double presencePenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description = "The same for each time a token came (default: ${DEFAULT-VALUE}).")
  private double frequencyPenalty;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "0",
      description = "Equal seeds give equal text (default: ${DEFAULT-VALUE}).")
  private long seed;

  /**
   * What was asked for.
   *
   * @throws ParameterException naming the option that is out of range
   */
  Sampling sampling() {
    check(isFinite(temperature) && temperature >= 0, "--temperature", temperature, "0 or more");
    check(topP > 0 && topP <= 1, "--top-p", topP, "a number above 0, up to 1");
    check(topK >= 0, "--top-k", topK, "0 or more");
    check(minP >= 0 && minP <= 1, "--min-p", minP, "a number from 0 to 1");
    check(
        repetitionPenalty >= 0.01 && repetitionPenalty <= 100,
        "--repetition-penalty",
        repetitionPenalty,
        "a number from 0.01 to 100");
    check(isFinite(presencePenalty), "--presence-penalty", presencePenalty, "a number");
    check(isFinite(frequencyPenalty), "--frequency-penalty", frequencyPenalty, "a number");
    Penalties penalties = new Penalties(repetitionPenalty, presencePenalty, frequencyPenalty);
    return new Sampling(temperature, topP, topK, minP, penalties, Map.of(), seed, 0);
  }

  private static boolean isFinite(double number) {
    return Double.isFinite(number);
  }

  private void check(boolean condition, String option, Object found, String expected) {
    if (!condition) {
      throw new ParameterException(
          spec.commandLine(), "%s is %s, expected %s".formatted(option, found, expected));
    }
  }
}
