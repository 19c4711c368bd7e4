package io.millrace.weights;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which files of a folder hold the weights: {@code weights.npz}, else {@code weights.*.npz}, else
 * those that {@code model.safetensors.index.json} names, else {@code model*.safetensors}.
 *
 * @param npz or safetensors
 * @param index file of each tensor, where there is an index
 */
record WeightFiles(Path folder, List<Path> files, boolean npz, Map<String, String> index) {
  private static final String INDEX = "model.safetensors.index.json";
  private static final int MAX_FILES = 1000;
  private static final int MAX_INDEX_BYTES = 8 << 20;

  /** A file in the folder itself: an index must not lead elsewhere. */
  private static final Pattern PLAIN_NAME = Pattern.compile("[^./\\\\][^/\\\\]*\\.safetensors");

  static WeightFiles in(Path folder) {
    Path whole = folder.resolve("weights.npz");
    if (Files.exists(whole)) {
      return new WeightFiles(folder, List.of(whole), true, Map.of());
    }
    List<Path> shards = list(folder, "weights.*.npz");
    if (!shards.isEmpty()) {
      return new WeightFiles(folder, shards, true, Map.of());
    }
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      return new WeightFiles(folder, list(folder, "model*.safetensors"), false, Map.of());
    }
    Map<String, String> map = readIndex(index);
    List<Path> named = new TreeSet<>(map.values()).stream().map(folder::resolve).toList();
    checkNumber(folder, named.size());
    return new WeightFiles(folder, named, false, map);
  }

  private static Map<String, String> readIndex(Path index) {
    JsonDocument document = JsonDocument.read(index, MAX_INDEX_BYTES);
    Map<String, String> map =
        document
            .object("weight_map")
            .orElseThrow(() -> document.problem("has no weight_map"))
            .allTexts();
    for (String file : map.values()) {
      if (!PLAIN_NAME.matcher(file).matches()) {
        throw document.problem(
            "names the file %s, expected a .safetensors file of the same folder".formatted(file));
      }
    }
    return map;
  }

  private static List<Path> list(Path folder, String glob) {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, glob)) {
      for (Path file : found) {
        files.add(file);
        checkNumber(folder, files.size());
      }
    } catch (IOException e) {
      throw new CheckpointException(folder, "cannot be read: " + e.getMessage(), e);
    }
    return files.stream().sorted().toList();
  }

  private static void checkNumber(Path folder, int files) {
    if (files > MAX_FILES) {
      throw new CheckpointException(
          folder, "has more than %d files of weights".formatted(MAX_FILES));
    }
  }

  /**
   * Checks that each tensor is where the index says.
   *
   * @param opened the files, in order
   */
  void checkIndex(List<TensorFile> opened) {
    Map<String, TensorFile> byName =
        opened.stream()
            .collect(
                Collectors.toMap(
                    file -> file.file().path().getFileName().toString(), Function.identity()));
    index.forEach((tensor, name) -> {
      TensorFile file = byName.get(name);
      if (!file.tensors().containsKey(tensor)) {
        throw file.file().problem("has no tensor %s, which %s names", tensor, INDEX);
      }
    });
  }
}
