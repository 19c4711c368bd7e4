package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.DType;
import io.millrace.tensor.Weight;
import java.util.Locale;

/**
 * A weight as it stands in its file.
 *
 * @param offset of its first byte in the buffer, which begins on a page of memory
 */
record MetalWeight(DType dtype, int rows, int cols, Buffer buffer, long offset) implements Weight {
  @Override
  public long bytes() {
    return dtype.bytes((long) rows * cols);
  }

  int rowBytes() {
    return Math.toIntExact(dtype.bytes(cols));
  }

  /** The kernel of a family that reads weights of this type. */
  String kernel(String family) {
    return family + "_" + dtype.name().toLowerCase(Locale.ROOT);
  }
}
