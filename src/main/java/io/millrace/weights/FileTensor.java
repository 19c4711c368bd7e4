package io.millrace.weights;

import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A tensor that stands in a file as one run of bytes. Each mapping is of this tensor alone, so that
 * a backend that repacks its weights can let go of them one by one.
 *
 * @param offset of the first byte in the file
 */
record FileTensor(String name, DType dtype, int rows, int cols, ModelFile file, long offset)
    implements TensorSource {
  @Override
  public MemorySegment map(Arena arena) {
    return file.map(offset, bytes(), arena);
  }
}
