package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.Activation;

/** Rows of f32, one after the other. */
record MetalActivation(int rows, int cols, Buffer buffer) implements Activation {
  long bytes(int rowCount) {
    return (long) Float.BYTES * rowCount * cols;
  }
}
