package io.millrace.weights;

import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open GGUF model: one file, or the parts of one that was split. The first part has the
 * metadata; tensors are mapped one by one by who wants them.
 */
final class GgufFile implements AutoCloseable {
  private final List<GgufPart> parts;
  private final Map<String, Located> tensors;

  /** A tensor and the part that has it. */
  private record Located(GgufTensor tensor, GgufPart part) {}

  private GgufFile(List<GgufPart> parts, Map<String, Located> tensors) {
    this.parts = List.copyOf(parts);
    this.tensors = tensors;
  }

  /**
   * Opens a file, with all parts of the same model that stand beside it, and checks the headers.
   *
   * @throws CheckpointException when one cannot be read, is no GGUF file or does not fit the others
   */
  static GgufFile open(Path file) {
    List<GgufPart> parts = new ArrayList<>(List.of(GgufPart.open(file)));
    try {
      GgufSplit split = GgufSplit.of(parts.getFirst());
      if (split.count() > 1) {
        List<Path> paths = split.paths(file);
        GgufPart given = parts.removeFirst();
        for (int number = 0; number < paths.size(); number++) {
          parts.add(number == split.number() ? given : GgufPart.open(paths.get(number)));
          GgufSplit.check(parts.getLast(), number, split.count());
        }
      }
      GgufFile opened = new GgufFile(parts, merge(parts));
      split.checkTensors(parts.getFirst(), opened.tensors.size());
      return opened;
    } catch (Throwable e) {
      parts.forEach(GgufPart::close);
      throw e;
    }
  }

  private static Map<String, Located> merge(List<GgufPart> parts) {
    Map<String, Located> tensors = new LinkedHashMap<>();
    for (GgufPart part : parts) {
      for (GgufTensor tensor : part.header().tensors().values()) {
        if (tensors.put(tensor.name(), new Located(tensor, part)) != null) {
          throw part.file().problem("has tensor %s, which another part has as well", tensor.name());
        }
      }
    }
    return Collections.unmodifiableMap(tensors);
  }

  /** The file that has the metadata. */
  Path file() {
    return parts.getFirst().file().path();
  }

  /** Number of files. */
  int parts() {
    return parts.size();
  }

  /** Size of all files in bytes. */
  long size() {
    return parts.stream().mapToLong(part -> part.file().size()).sum();
  }

  int version() {
    return parts.getFirst().header().version();
  }

  GgufMetadata metadata() {
    return parts.getFirst().metadata();
  }

  Collection<GgufTensor> tensors() {
    return tensors.values().stream().map(Located::tensor).toList();
  }

  Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name)).map(Located::tensor);
  }

  /**
   * A tensor as backends take it.
   *
   * @throws CheckpointException when this build cannot compute with its type
   */
  TensorSource source(GgufTensor tensor) {
    ModelFile file = tensors.get(tensor.name()).part().file();
    DType dtype =
        tensor
            .type()
            .dtype()
            .orElseThrow(() ->
                file.problem(
                    "tensor %s has type %d (%s), which this build cannot read, expected one of"
                        + " %s; re-quantize the model to Q8_0",
                    tensor.name(),
                    tensor.type().number(),
                    tensor.type(),
                    Arrays.toString(DType.values())));
    return new FileTensor(
        tensor.name(), dtype, tensor.rows(), tensor.cols(), file, tensor.offset());
  }

  /** Identifies weights and tokenizer. */
  String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    for (GgufPart part : parts) {
      fingerprint.add(part.headerBytes()).add(part.file().size());
      part.header()
          .tensors()
          .values()
          .forEach(tensor -> fingerprint.sample(part.file(), tensor.offset(), tensor.bytes()));
    }
    return fingerprint.hex();
  }

  @Override
  public void close() {
    parts.forEach(GgufPart::close);
  }
}
