package io.millrace.cli;

import io.millrace.weights.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** Which model a command works with. */
final class ModelOption {
  private static final Pattern NAMED = Pattern.compile("([A-Za-z0-9._-]+)=(.+)");

  @Option(
      names = {"--model", "--model-path"},
      required = true,
      paramLabel = "[NAME=]M",
      description =
          "A GGUF file, or a folder with safetensors or npz files. NAME is what it is called on"
              + " topics; by default its own name.")
  private String value;

  /** The file or folder. */
  Path path() {
    return named().map(named -> Path.of(named.group(2))).orElseGet(() -> Path.of(value));
  }

  /** The name that the user gave it. */
  Optional<String> name() {
    return named().map(named -> named.group(1));
  }

  /**
   * Opens the model.
   *
   * @throws io.millrace.weights.CheckpointException when it is no model that this build reads
   */
  Checkpoint open() {
    return Checkpoint.open(path());
  }

  /** A file whose own name has an equals sign is taken as it stands. */
  private Optional<Matcher> named() {
    Matcher named = NAMED.matcher(value);
    return named.matches() && !Files.exists(Path.of(value)) ? Optional.of(named) : Optional.empty();
  }
}
