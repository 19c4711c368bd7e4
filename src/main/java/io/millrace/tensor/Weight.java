package io.millrace.tensor;

/**
 * A weight {@code [rows, cols]} in the layout of the backend that loaded it; only that backend can
 * use it.
 */
public interface Weight {
  WeightType dtype();

  int rows();

  int cols();

  /** Resident bytes in the backend's own layout. */
  long bytes();
}
