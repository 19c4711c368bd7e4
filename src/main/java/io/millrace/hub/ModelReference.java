package io.millrace.hub;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model on the Hub.
 *
 * @param repository {@code owner/name}
 * @param file the one file that is wanted, a path in the repository
 */
public record ModelReference(String repository, Optional<String> file) {
  public static final String PREFIX = "hf:";
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,95}");

  /**
   * Checks both.
   *
   * @throws HubException when the names can be none
   */
  public ModelReference {
    requireNonNull(file, "file is null");
    String[] parts = repository.split("/", -1);
    if (parts.length != 2
        || !PART.matcher(parts[0]).matches()
        || !PART.matcher(parts[1]).matches()
        || repository.contains("..")) {
      throw new HubException(
          "\"%s\" is no repository, expected owner/name such as mlx-community/Llama-3.2-1B"
              .formatted(repository));
    }
    file.ifPresent(RepositoryFile::checkPath);
  }

  /**
   * Reads {@code hf:owner/name} or {@code hf:owner/name/file.gguf}.
   *
   * @throws HubException when it is neither
   */
  public static ModelReference parse(String text) {
    String rest = text.startsWith(PREFIX) ? text.substring(PREFIX.length()) : text;
    int owner = rest.indexOf('/');
    int name = owner < 0 ? -1 : rest.indexOf('/', owner + 1);
    return name < 0
        ? new ModelReference(rest, Optional.empty())
        : new ModelReference(rest.substring(0, name), Optional.of(rest.substring(name + 1)));
  }

  /** The repository without its owner. */
  public String name() {
    return repository.substring(repository.indexOf('/') + 1);
  }

  /** Its folder in the cache, as Hugging Face names it. */
  String folder() {
    return "models--" + repository.replace("/", "--");
  }
}
