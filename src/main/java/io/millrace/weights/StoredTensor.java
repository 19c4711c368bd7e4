package io.millrace.weights;

import io.millrace.tensor.AffineSource;
import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * A tensor of a safetensors or npz file, checked against the file.
 *
 * @param type as the format calls it, such as {@code F16} or {@code U32}; little-endian
 * @param shape in row-major order
 * @param bytes of all elements
 * @param place of its bytes
 */
record StoredTensor(String name, String type, List<Integer> shape, long bytes, Place place) {
  /** Bytes of a tensor in a file. */
  interface Place extends AffineSource.Part {
    ModelFile file();

    /** Where they begin in the file. */
    long offset();

    /** Bytes that they take in the file, which may be fewer than the tensor has. */
    long fileBytes();
  }

  /** Bytes that stand in the file as they are. */
  record Stored(ModelFile file, long offset, long fileBytes) implements Place {
    @Override
    public MemorySegment map(Arena arena) {
      return file.map(offset, fileBytes, arena);
    }
  }

  long elements() {
    return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
  }

  /** The type as backends know it; empty when they do not. */
  Optional<DType> dtype() {
    return switch (type) {
      case "F32" -> Optional.of(DType.F32);
      case "F16" -> Optional.of(DType.F16);
      case "BF16" -> Optional.of(DType.BF16);
      default -> Optional.empty();
    };
  }

  /** Rows of it as a matrix; a vector is one row. */
  int rows() {
    return isMatrix() ? shape.getFirst() : 1;
  }

  int cols() {
    return shape.isEmpty() ? 1 : shape.getLast();
  }

  boolean isMatrix() {
    return shape.size() == 2;
  }

  /**
   * The tensor as backends take it.
   *
   * @throws CheckpointException when this build cannot compute with its type or shape
   */
  TensorSource source() {
    if (shape.isEmpty() || shape.size() > 2 || shape.contains(0)) {
      throw place.file().problem("tensor %s is %s, expected a vector or a matrix", name, shape);
    }
    DType dtype =
        dtype()
            .orElseThrow(() ->
                place
                    .file()
                    .problem(
                        "tensor %s has type %s, which this build cannot compute with, expected"
                            + " F32, F16, BF16 or MLX's affine quantization",
                        name, type));
    return new Plain(name, dtype, rows(), cols(), place);
  }

  private record Plain(String name, DType dtype, int rows, int cols, Place place)
      implements TensorSource {
    @Override
    public MemorySegment map(Arena arena) {
      return place.map(arena);
    }
  }
}
