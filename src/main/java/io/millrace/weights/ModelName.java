package io.millrace.weights;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Default names of models: those of their files, as far as topic names allow. */
final class ModelName {
  private static final int MAX_CHARS = 200;

  private static final Pattern CACHED =
      Pattern.compile(".*/models--[^/]+?--([^/]+)/snapshots/[^/]+");

  private ModelName() {}

  /** Name of a model in a file or a folder; that of the repository in Hugging Face's cache. */
  static String of(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    String safe =
        repository(absolute)
            .orElseGet(() -> String.valueOf(absolute.getFileName()))
            .replaceFirst("(?i)(-00001-of-\\d{5})?\\.gguf$", "")
            .replaceAll("[^A-Za-z0-9._-]", "-");
    return safe.isEmpty() ? "model" : safe.substring(0, Math.min(safe.length(), MAX_CHARS));
  }

  /** The folder {@code models--owner--name/snapshots/revision} is {@code name}. */
  private static Optional<String> repository(Path folder) {
    Matcher cached = CACHED.matcher(folder.toString().replace('\\', '/'));
    return cached.matches() ? Optional.of(cached.group(1)) : Optional.empty();
  }
}
