package io.millrace.weights;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;

/** A file that holds named tensors and nothing else: safetensors or npz. */
sealed interface TensorFile extends AutoCloseable permits SafetensorsFile, NpzFile {
  ModelFile file();

  /** The tensors by name, in the order of the file. */
  Map<String, StoredTensor> tensors();

  /** The bytes that say which tensors there are. */
  ByteBuffer description();

  /** What wrote the file, such as {@code pt} or {@code mlx}, where it says so. */
  Optional<String> writer();

  @Override
  default void close() {
    file().close();
  }
}
