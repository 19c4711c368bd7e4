package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.Weight;
import io.millrace.tensor.WeightType;

/**
 * A weight as it stands in its file.
 *
 * @param offset of its first byte in the buffer, which begins on a page of memory
 */
record MetalWeight(WeightType dtype, int rows, int cols, Buffer buffer, long offset)
    implements Weight {
  @Override
  public long bytes() {
    return dtype.bytes((long) rows * cols);
  }

  int rowBytes() {
    return Math.toIntExact(dtype.bytes(cols));
  }
}
