package io.millrace.hub;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which files of a repository a model needs. */
final class FileSelection {
  private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
  private static final Set<String> SMALL =
      Set.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "chat_template.json",
          "model.safetensors.index.json");

  private FileSelection() {}

  /**
   * The files that are wanted: the named one with its other parts; else, of a repository with
   * safetensors or npz weights, those and what belongs to them; else its one GGUF file.
   *
   * @throws HubException when there is no such file, or none that is meant for sure
   */
  static List<RepositoryFile> select(Snapshot snapshot, ModelReference reference) {
    List<RepositoryFile> files = snapshot.files();
    if (reference.file().isPresent()) {
      return named(files, reference.file().get(), reference);
    }
    List<RepositoryFile> top = files.stream().filter(file -> !file.isInFolder()).toList();
    for (Predicate<String> weights :
        List.<Predicate<String>>of(
            name -> name.startsWith("model") && name.endsWith(".safetensors"),
            name -> name.endsWith(".safetensors"),
            name -> name.startsWith("weights") && name.endsWith(".npz"))) {
      if (top.stream().anyMatch(file -> weights.test(file.path()))) {
        return top.stream()
            .filter(file -> weights.test(file.path()) || SMALL.contains(file.path()))
            .toList();
      }
    }
    List<RepositoryFile> gguf =
        files.stream().filter(file -> file.path().endsWith(".gguf")).toList();
    List<String> models =
        gguf.stream().map(file -> firstPart(file.path())).distinct().sorted().toList();
    if (models.size() == 1) {
      return named(gguf, models.getFirst(), reference);
    }
    if (models.isEmpty()) {
      throw new HubException(
          "%s holds no model that this build reads, expected safetensors, npz or GGUF files"
              .formatted(reference.repository()));
    }
    throw new HubException(
        "%s holds %d GGUF files; name one: %s"
            .formatted(
                reference.repository(),
                models.size(),
                models.stream().limit(40).collect(Collectors.joining(", "))));
  }

  /** The file that stands for the model in its snapshot; empty when the folder does. */
  static Optional<String> entry(List<RepositoryFile> selected) {
    return selected.stream()
        .map(RepositoryFile::path)
        .filter(path -> path.endsWith(".gguf"))
        .map(FileSelection::firstPart)
        .findFirst();
  }

  private static List<RepositoryFile> named(
      List<RepositoryFile> files, String path, ModelReference reference) {
    String first = firstPart(path);
    List<RepositoryFile> parts =
        files.stream()
            .filter(file ->
                file.path().equals(path)
                    || path.endsWith(".gguf") && firstPart(file.path()).equals(first))
            .toList();
    Matcher part = PART.matcher(first);
    int expected = part.matches() ? Integer.parseInt(part.group(3)) : 1;
    if (parts.isEmpty()) {
      throw new HubException("%s has no file %s".formatted(reference.repository(), path));
    }
    if (parts.size() < expected) {
      throw new HubException(
          "%s has %d of the %d parts of %s"
              .formatted(reference.repository(), parts.size(), expected, first));
    }
    return parts;
  }

  /** Of a model in several files, the name of the first. */
  private static String firstPart(String path) {
    Matcher part = PART.matcher(path);
    return part.matches() ? "%s-00001-of-%s.gguf".formatted(part.group(1), part.group(3)) : path;
  }
}
