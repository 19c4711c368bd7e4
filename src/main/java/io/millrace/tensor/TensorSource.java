package io.millrace.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One weight of a checkpoint, not yet in memory: a matrix {@code [rows, cols]} in row-major order
 * (a vector is one row). A backend decides whether to map it for good or to repack it and let the
 * mapping go.
 */
public interface TensorSource {
  /** Name in the checkpoint, for error messages. */
  String name();

  WeightType dtype();

  int rows();

  int cols();

  /**
   * The bytes of this tensor, little-endian, exactly {@code dtype().bytes(rows * cols)} long,
   * readable from any thread until {@code arena} is closed.
   *
   * @throws java.io.UncheckedIOException when the file cannot be read
   */
  MemorySegment map(Arena arena);

  /** Size in bytes. */
  default long bytes() {
    return dtype().bytes((long) rows() * cols());
  }
}
