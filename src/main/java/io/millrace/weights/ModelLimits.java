package io.millrace.weights;

/** Far above what any model has; they keep products of sizes within the range of their types. */
final class ModelLimits {
  static final int MAX_VOCABULARY = 1 << 24;
  static final int MAX_WIDTH = 1 << 20;
  static final int MAX_LAYERS = 1 << 12;
  static final int MAX_HEADS = 1 << 14;
  static final int MAX_HEAD_DIM = 1 << 14;
  static final int MAX_FFN_DIM = 1 << 24;
  static final int MAX_CONTEXT = 1 << 30;

  private ModelLimits() {}
}
