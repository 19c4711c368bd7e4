package io.millrace.cli;

import io.millrace.hub.ModelReference;
import io.millrace.weights.Checkpoint;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
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
          "A GGUF file, a model folder, or hf:owner/repo[/file.gguf] from the Hugging Face Hub."
              + " NAME is what it is called on topics; by default the file's name.")
  private String value;

  private Path path;

  /**
   * The file or folder; a model of the Hub is fetched when it is not in the cache.
   *
   * @throws io.millrace.hub.HubException when it cannot be had
   */
  Path path() {
    if (path == null) {
      String location = location();
      path =
          location.startsWith(ModelReference.PREFIX)
              ? HubDownload.fetch(
                  ModelReference.parse(location),
                  new PrintWriter(System.err, true, StandardCharsets.UTF_8))
              : Path.of(location);
    }
    return path;
  }

  /** The name that the user gave it; of a folder of the Hub, the repository's. */
  Optional<String> name() {
    return named()
        .map(named -> named.group(1))
        .or(() ->
            location().startsWith(ModelReference.PREFIX) && Files.isDirectory(path())
                ? Optional.of(ModelReference.parse(location()).name())
                : Optional.empty());
  }

  private String location() {
    return named().map(named -> named.group(2)).orElse(value);
  }

  /**
   * Opens the file.
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
