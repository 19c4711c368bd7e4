package io.millrace.cpu;

import io.millrace.tensor.Activation;

/**
 * Rows on the heap, each {@code stride} floats apart: kernels read and write whole vectors, also
 * past the last column. What stands there means nothing.
 */
record CpuActivation(float[] data, int rows, int cols, int stride) implements Activation {
  static CpuActivation zeroed(int rows, int cols) {
    int stride = Lanes.padded(cols);
    return new CpuActivation(new float[Math.multiplyExact(rows, stride)], rows, cols, stride);
  }

  /** Where a row begins. */
  int at(int row) {
    return row * stride;
  }
}
