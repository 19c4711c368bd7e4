package io.millrace.model;

import io.millrace.tensor.TensorSource;
import java.util.Optional;

/**
 * The weights of a checkpoint by name. The names are those of GGUF ({@code token_embd.weight},
 * {@code blk.0.attn_q.weight}, …): other formats translate theirs.
 */
public interface WeightSet {
  Optional<TensorSource> find(String name);

  /**
   * The weight, in the shape that the model's configuration demands.
   *
   * @throws IllegalArgumentException when it is missing or has another shape; a checkpoint throws
   *     an exception of its own that names the file
   */
  default TensorSource get(String name, int rows, int cols) {
    TensorSource source =
        find(name)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "tensor %s is missing, expected [%d, %d]".formatted(name, rows, cols)));
    if (source.rows() != rows || source.cols() != cols) {
      throw new IllegalArgumentException(
          "tensor %s is [%d, %d], the model's configuration says [%d, %d]"
              .formatted(name, source.rows(), source.cols(), rows, cols));
    }
    return source;
  }
}
