package io.millrace.weights;

import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;

/**
 * A tensor that stands in a file as one run of bytes. Each mapping is of this tensor alone, so that
 * a backend that repacks its weights can let go of them one by one.
 *
 * @param channel the open file
 * @param offset of the first byte in the file
 */
record FileTensor(String name, DType dtype, int rows, int cols, FileChannel channel, long offset)
    implements TensorSource {
  @Override
  public MemorySegment map(Arena arena) {
    try {
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, bytes(), arena);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "tensor %s cannot be mapped: %s".formatted(name, e.getMessage()), e);
    }
  }
}
