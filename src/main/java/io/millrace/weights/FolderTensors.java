package io.millrace.weights;

import io.millrace.model.WeightSet;
import io.millrace.tensor.TensorSource;
import io.millrace.weights.CheckpointSummary.TypeShare;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The tensors in all files of a folder, by the names of their format. */
final class FolderTensors {
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";
  private static final String SCALES = ".scales";
  private static final String BIASES = ".biases";

  private final Path folder;
  private final TensorNames names;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  /**
   * @throws CheckpointException when two files have the same tensor
   */
  FolderTensors(Path folder, TensorNames names, List<? extends TensorFile> files) {
    this.folder = folder;
    this.names = names;
    for (TensorFile file : files) {
      file.tensors()
          .forEach((name, tensor) -> {
            if (tensors.put(name, tensor) != null) {
              throw file.file().problem("has tensor %s, which another file has as well", name);
            }
          });
    }
  }

  Path folder() {
    return folder;
  }

  Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** Whether a part, such as {@code lm_head}, has a tensor. */
  boolean has(String part) {
    return tensors.containsKey(part + WEIGHT);
  }

  /** Drops a part, with all its tensors. */
  FolderTensors without(String part) {
    FolderTensors rest = new FolderTensors(folder, names, List.of());
    rest.tensors.putAll(tensors);
    for (String suffix : List.of(WEIGHT, BIAS, SCALES, BIASES)) {
      rest.tensors.remove(part + suffix);
    }
    return rest;
  }

  /**
   * The weights of a model. Those with scales are quantized.
   *
   * @throws CheckpointException when one does not belong or cannot be read
   */
  WeightSet weights(Anatomy anatomy, Quantization quantization) {
    Map<String, TensorSource> sources = sources(quantization);
    anatomy.check(sources.keySet(), names::fromGguf, this::problem);
    return new NamedWeights(folder, sources, names::fromGguf);
  }

  /** The tensors as backends take them, by GGUF's names. */
  Map<String, TensorSource> sources(Quantization quantization) {
    Map<String, TensorSource> sources = new HashMap<>();
    tensors.forEach((name, tensor) -> {
      int dot = Math.max(0, name.lastIndexOf('.'));
      String part = name.substring(0, dot);
      String suffix = name.substring(dot);
      boolean scaled = tensors.containsKey(part + SCALES);
      switch (suffix) {
        case WEIGHT ->
            sources.put(
                toGguf(part, name) + WEIGHT,
                scaled ? affine(part, tensor, quantization) : tensor.source());
        case BIAS -> sources.put(toGguf(part, name) + BIAS, tensor.source());
        case SCALES, BIASES -> {
          if (!tensors.containsKey(part + WEIGHT)) {
            throw problem("has tensor %s, but no %s%s".formatted(name, part, WEIGHT));
          }
        }
        default -> {
          if (!names.isComputed(name)) {
            throw unknown(name);
          }
        }
      }
    });
    return sources;
  }

  /** What the tensors take, whether or not they belong to a model that this build knows. */
  List<TypeShare> types(Quantization quantization) {
    return tensors.values().stream()
        .filter(tensor -> !isPartOfQuantized(tensor.name()))
        .map(tensor -> type(tensor, quantization))
        .toList();
  }

  private boolean isPartOfQuantized(String name) {
    return Stream.of(SCALES, BIASES)
        .filter(name::endsWith)
        .anyMatch(suffix -> has(name.substring(0, name.length() - suffix.length())));
  }

  private TypeShare type(StoredTensor tensor, Quantization quantization) {
    String name = tensor.name();
    String part = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    if (tensors.containsKey(part + SCALES)) {
      TensorSource source = affine(part, tensor, quantization);
      return new TypeShare(
          source.dtype().toString(), 1, (long) source.rows() * source.cols(), source.bytes());
    }
    return new TypeShare(tensor.type(), 1, tensor.elements(), tensor.bytes());
  }

  private TensorSource affine(String part, StoredTensor quants, Quantization quantization) {
    StoredTensor biases =
        find(part + BIASES)
            .orElseThrow(() ->
                problem("has tensor %s%s, but no %s%s".formatted(part, SCALES, part, BIASES)));
    return quantization.source(part, quants, tensors.get(part + SCALES), biases);
  }

  private String toGguf(String part, String tensor) {
    return names.toGguf(part).orElseThrow(() -> unknown(tensor));
  }

  private CheckpointException unknown(String tensor) {
    return problem("has tensor %s, which no architecture of this build has".formatted(tensor));
  }

  CheckpointException problem(String problem) {
    return new CheckpointException(folder, problem);
  }
}
