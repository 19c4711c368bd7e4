package io.millrace.tensor;

import java.util.List;

/**
 * What the arguments of the operations of {@link Backend} must be to each other. Every backend
 * checks with these before it touches memory, so that all refuse the same calls in the same words.
 */
public final class Shapes {
  /** Up to here an f32 holds every integer. */
  private static final int EXACT_INTEGERS = 1 << 24;

  private Shapes() {}

  /** Arguments of {@link Backend#embed}. */
  public static void checkEmbed(Weight table, Batch batch, Activation out) {
    checkRows("embed", "out", out, batch.size());
    checkCols("embed", "out", out, "table", table.cols());
    for (int token : batch.tokens()) {
      if (token < 0 || token >= table.rows()) {
        throw refuse("embed: token %d is not in the table of %d tokens", token, table.rows());
      }
    }
  }

  /** Arguments of {@link Backend#rmsNorm}. */
  public static void checkRmsNorm(Activation x, Weight gain, int rows, Activation out) {
    checkRows("rmsNorm", "x", x, rows);
    checkRows("rmsNorm", "out", out, rows);
    checkCols("rmsNorm", "out", out, "x", x.cols());
    if (gain.rows() != 1 || x.cols() % gain.cols() != 0) {
      throw refuse(
          "rmsNorm: gain is [%d, %d], expected [1, %d] or a part of that",
          gain.rows(), gain.cols(), x.cols());
    }
  }

  /** Arguments of {@link Backend#addRmsNorm}. */
  public static void checkAddRmsNorm(
      Activation x, Activation delta, Weight gain, int rows, Activation out) {
    checkSame("addRmsNorm", x, delta, rows);
    checkRmsNorm(x, gain, rows, out);
  }

  /** Arguments of {@link Backend#addBias}. */
  public static void checkAddBias(Activation x, Weight bias, int rows) {
    checkRows("addBias", "x", x, rows);
    if (bias.rows() != 1 || bias.cols() != x.cols()) {
      throw refuse(
          "addBias: bias is [%d, %d], expected [1, %d]", bias.rows(), bias.cols(), x.cols());
    }
  }

  /** Arguments of {@link Backend#matmul(List, Activation, int, List)}. */
  public static void checkMatmul(
      List<Weight> weights, Activation x, int rows, List<Activation> outs) {
    if (weights.size() != outs.size()) {
      throw refuse("matmul: %d weights and %d outs", weights.size(), outs.size());
    }
    for (int i = 0; i < weights.size(); i++) {
      checkMatmul(weights.get(i), x, rows, outs.get(i));
    }
  }

  /** Arguments of {@link Backend#matmulSwiglu}. */
  public static void checkMatmulSwiglu(
      Weight gate, Weight up, Activation x, int rows, Activation out, Activation scratch) {
    checkMatmul(gate, x, rows, out);
    checkMatmul(up, x, rows, scratch);
    checkSame("matmulSwiglu", out, scratch, rows);
  }

  private static void checkMatmul(Weight w, Activation x, int rows, Activation out) {
    checkRows("matmul", "x", x, rows);
    checkRows("matmul", "out", out, rows);
    if (x == out) {
      throw refuse("matmul: out is x, expected another activation");
    }
    if (x.cols() != w.cols() || out.cols() != w.rows()) {
      throw refuse(
          "matmul: x has %d columns and out %d, the weight [%d, %d] expects %d and %d",
          x.cols(), out.cols(), w.rows(), w.cols(), w.cols(), w.rows());
    }
  }

  /** Arguments of {@link Backend#rotateAndStore}. */
  public static void checkRotateAndStore(
      Activation queries,
      Activation keys,
      Activation values,
      Rope rope,
      KvCache cache,
      int layer,
      Batch batch) {
    int headDim = cache.shape().headDim();
    checkRows("rotateAndStore", "queries", queries, batch.size());
    checkRows("rotateAndStore", "keys", keys, batch.size());
    checkRows("rotateAndStore", "values", values, batch.size());
    checkHeads("rotateAndStore", "queries", queries, headDim);
    checkCols("rotateAndStore", "keys", keys, "the cache", cache.shape().rowElements());
    checkCols("rotateAndStore", "values", values, "the cache", cache.shape().rowElements());
    if (rope.rotated() > headDim) {
      throw refuse("rotateAndStore: rotates %d elements of heads of %d", rope.rotated(), headDim);
    }
    checkPages("rotateAndStore", cache, layer, batch);
  }

  /** Arguments of {@link Backend#attention}. */
  public static void checkAttention(
      Activation queries, KvCache cache, int layer, int window, Batch batch, Activation out) {
    checkRows("attention", "queries", queries, batch.size());
    checkRows("attention", "out", out, batch.size());
    checkCols("attention", "out", out, "queries", queries.cols());
    checkHeads("attention", "queries", queries, cache.shape().headDim());
    int heads = queries.cols() / cache.shape().headDim();
    if (heads % cache.shape().kvHeads() != 0) {
      throw refuse(
          "attention: %d query heads are not a multiple of %d key-value heads",
          heads, cache.shape().kvHeads());
    }
    if (window < 0) {
      throw refuse("attention: window is %d, expected 0 or more", window);
    }
    checkPages("attention", cache, layer, batch);
  }

  /** Arguments of {@link Backend#swiglu}. */
  public static void checkSame(String operation, Activation x, Activation y, int rows) {
    checkRows(operation, "the first activation", x, rows);
    checkRows(operation, "the second activation", y, rows);
    checkCols(operation, "the second activation", y, "the first", x.cols());
  }

  /** Arguments of {@link Backend#gather}. */
  public static void checkGather(Activation x, int[] rows, Activation out) {
    checkRows("gather", "out", out, rows.length);
    checkCols("gather", "out", out, "x", x.cols());
    if (x == out) {
      throw refuse("gather: out is x, expected another activation");
    }
    for (int row : rows) {
      checkRow("gather", x, row);
    }
  }

  /** Arguments of {@link Backend#argmax}. */
  public static void checkArgmax(Activation x, int rows, Activation out) {
    checkRows("argmax", "x", x, rows);
    checkRows("argmax", "out", out, rows);
    checkCols("argmax", "out", out, "the result", 1);
    if (x.cols() > EXACT_INTEGERS) {
      throw refuse("argmax: %d columns, expected at most %d", x.cols(), EXACT_INTEGERS);
    }
  }

  /** Arguments of {@link Backend#topK}. */
  public static void checkTopK(Activation x, float[] factors, Activation out) {
    checkRows("topK", "x", x, factors.length);
    checkRows("topK", "out", out, factors.length);
    if (out.cols() % 2 == 0 || out.cols() / 2 < 1 || out.cols() / 2 > x.cols()) {
      throw refuse(
          "topK: out has %d columns, expected 2k + 1 for a k from 1 to %d", out.cols(), x.cols());
    }
    if (x.cols() > EXACT_INTEGERS) {
      throw refuse("topK: %d columns, expected at most %d", x.cols(), EXACT_INTEGERS);
    }
  }

  /** Arguments of {@link Backend#read}. */
  public static void checkRead(Activation x, int row, float[] into) {
    checkRow("read", x, row);
    if (into.length != x.cols()) {
      throw refuse("read: a row has %d columns, the array %d", x.cols(), into.length);
    }
  }

  /** Arguments of {@link Backend#allocate(int, int)}. */
  public static void checkAllocate(int rows, int cols) {
    if (rows < 1 || cols < 1) {
      throw refuse("allocate: activation [%d, %d], expected at least [1, 1]", rows, cols);
    }
  }

  /** Arguments of {@link Backend#pageBytes}. */
  public static void checkCacheType(KvCache.Shape shape, DType type) {
    if (type != DType.F32 && type != DType.F16 && type != DType.Q8_0) {
      throw refuse("keys and values cannot be kept in %s, expected F32, F16 or Q8_0", type);
    }
    if (shape.headDim() % type.blockSize() != 0) {
      throw refuse(
          "keys and values of heads of %d elements cannot be kept in %s, whose blocks have %d; take F16 or F32",
          shape.headDim(), type, type.blockSize());
    }
  }

  /** Arguments of {@link Backend#allocate(KvCache.Shape, int, DType)}. */
  public static void checkAllocate(KvCache.Shape shape, int pages, DType type) {
    checkCacheType(shape, type);
    if (pages < 1) {
      throw refuse("allocate: %d pages of keys and values, expected at least 1", pages);
    }
  }

  private static void checkPages(String operation, KvCache cache, int layer, Batch batch) {
    if (layer < 0 || layer >= cache.shape().layers()) {
      throw refuse("%s: layer %d of a cache of %d", operation, layer, cache.shape().layers());
    }
    for (int i = 0; i < batch.size(); i++) {
      int[] pages = batch.pages()[batch.sequences()[i]];
      int position = batch.positions()[i];
      int needed = position / KvCache.PAGE_TOKENS + 1;
      if (position < 0 || needed > pages.length) {
        throw refuse(
            "%s: position %d of sequence %d, whose %d pages hold %d positions",
            operation,
            position,
            batch.sequences()[i],
            pages.length,
            pages.length * KvCache.PAGE_TOKENS);
      }
    }
    for (int[] pages : batch.pages()) {
      for (int page : pages) {
        if (page < 0 || page >= cache.pages()) {
          throw refuse("%s: page %d of a cache of %d pages", operation, page, cache.pages());
        }
      }
    }
  }

  private static void checkHeads(String operation, String what, Activation x, int headDim) {
    if (headDim < 1 || x.cols() % headDim != 0) {
      throw refuse(
          "%s: %s has %d columns, which are not heads of %d", operation, what, x.cols(), headDim);
    }
  }

  private static void checkRow(String operation, Activation x, int row) {
    if (row < 0 || row >= x.rows()) {
      throw refuse("%s: row %d of an activation of %d", operation, row, x.rows());
    }
  }

  private static void checkRows(String operation, String what, Activation x, int rows) {
    if (rows < 0 || rows > x.rows()) {
      throw refuse("%s: %d rows asked, %s has room for %d", operation, rows, what, x.rows());
    }
  }

  private static void checkCols(
      String operation, String what, Activation x, String other, int cols) {
    if (x.cols() != cols) {
      throw refuse("%s: %s has %d columns, %s %d", operation, what, x.cols(), other, cols);
    }
  }

  private static IllegalArgumentException refuse(String message, Object... arguments) {
    return new IllegalArgumentException(message.formatted(arguments));
  }
}
