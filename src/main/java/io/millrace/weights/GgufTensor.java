package io.millrace.weights;

/**
 * An entry of a GGUF file's tensor table, checked against the file.
 *
 * @param rows product of all dimensions but the first
 * @param cols the first dimension, which is contiguous in the file
 * @param offset of its first byte in the file
 * @param bytes its size
 */
record GgufTensor(String name, GgmlType type, int rows, int cols, long offset, long bytes) {
  long elements() {
    return (long) rows * cols;
  }

  long end() {
    return offset + bytes;
  }
}
