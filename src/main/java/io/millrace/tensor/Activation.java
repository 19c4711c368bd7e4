package io.millrace.tensor;

/** An f32 matrix {@code [rows, cols]} in the memory of the backend that allocated it. */
public interface Activation {
  /** Rows it has room for; operations use the first rows of it. */
  int rows();

  int cols();
}
