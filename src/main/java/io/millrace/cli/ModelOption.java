package io.millrace.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model a command works with. */
final class ModelOption {
  @Option(
      names = {"--model", "--model-path"},
      paramLabel = "M",
      required = true,
      description = "A GGUF file.")
  private Path path;

  Path path() {
    return path;
  }
}
