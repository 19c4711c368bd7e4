package io.millrace.weights;

import io.millrace.model.WeightSet;
import io.millrace.tensor.TensorSource;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The weights of a checkpoint.
 *
 * @param file for error messages
 * @param tensors by GGUF's names
 * @param original a name as the file has it
 */
record NamedWeights(Path file, Map<String, TensorSource> tensors, UnaryOperator<String> original)
    implements WeightSet {
  @Override
  public Optional<TensorSource> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * The weight.
   *
   * @throws CheckpointException when it is missing or has another shape
   */
  @Override
  public TensorSource get(String name, int rows, int cols) {
    TensorSource source = tensors.get(name);
    if (source == null) {
      throw new CheckpointException(
          file,
          "tensor %s is missing, expected [%d, %d]".formatted(original.apply(name), rows, cols));
    }
    if (source.rows() != rows || source.cols() != cols) {
      throw new CheckpointException(
          file,
          "tensor %s is [%d, %d], the model's configuration says [%d, %d]"
              .formatted(source.name(), source.rows(), source.cols(), rows, cols));
    }
    return source;
  }
}
