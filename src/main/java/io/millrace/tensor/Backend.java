package io.millrace.tensor;

import java.util.List;

/**
 * The operations that a Llama needs, over batches of tokens of many sequences at once. A backend
 * owns the memory and the layout of everything it hands out ({@link Weight}, {@link Activation},
 * {@link KvCache}).
 *
 * <p>Operations are issued by one thread at a time, in order, and may be deferred: results can be
 * read after {@link #commit}. Where an operation takes {@code rows}, it works on the first {@code
 * rows} rows of its activations. Inputs and outputs never alias unless the operation says so.
 * {@code ReferenceBackend} is the definition of each operation; the backend TCK holds the others
 * against it.
 */
public interface Backend extends AutoCloseable {
  /** {@code cpu}, {@code metal} or {@code reference}. */
  String name();

  /** One line for people: device, vector width, threads. */
  String description();

  /**
   * Takes a weight into this backend, repacked or mapped, for the backend's lifetime.
   *
   * @throws IllegalArgumentException when this backend cannot compute with its type; the message
   *     names the tensor
   */
  Weight load(TensorSource source);

  /** A zeroed activation, for the backend's lifetime. */
  Activation allocate(int rows, int cols);

  /**
   * The type of keys and values where nobody wants another: F32, or what has as much precision as
   * the weights that were loaded so far.
   */
  DType cacheType();

  /**
   * Room for {@code pages} pages of keys and values, allocated at once.
   *
   * @param type of keys and values: F32, F16, or Q8_0 as {@link Quantizer} defines it
   * @throws IllegalArgumentException when heads of {@code shape} cannot be kept in {@code type}
   */
  KvCache allocate(KvCache.Shape shape, int pages, DType type);

  /** Bytes that can still be allocated here, where the device sets a limit of its own. */
  default long available() {
    return Long.MAX_VALUE;
  }

  /**
   * Bytes that one page of {@code shape} takes in {@link #allocate(KvCache.Shape, int, DType)}.
   *
   * @throws IllegalArgumentException when heads of {@code shape} cannot be kept in {@code type}
   */
  long pageBytes(KvCache.Shape shape, DType type);

  /** {@code out[i] = table[tokens[i]]} for each token of the batch. */
  void embed(Weight table, Batch batch, Activation out);

  /**
   * RMSNorm (Zhang and Sennrich, 2019): {@code out = x / sqrt(mean(x²) + epsilon) · gain}, row by
   * row, {@code gain} one row. Where {@code gain} is shorter than a row of {@code x}, each part of
   * its length is normalized by itself: a head. {@code out} may be {@code x}.
   */
  void rmsNorm(Activation x, Weight gain, float epsilon, int rows, Activation out);

  /**
   * The residual connection and the norm after it: {@code x = x + delta}, in place, then {@code out
   * = rmsNorm(x)}. {@code out} may be {@code delta}.
   */
  void addRmsNorm(
      Activation x, Activation delta, Weight gain, float epsilon, int rows, Activation out);

  /**
   * Products of one input with several weights: {@code outs[i] = x · weights[i]ᵀ}.
   *
   * @param weights {@code [outs[i].cols, x.cols]} each, of any types
   * @param outs as many as weights
   */
  void matmul(List<Weight> weights, Activation x, int rows, List<Activation> outs);

  /** {@code out = x · wᵀ}: {@code x [rows, w.cols]}, {@code out [rows, w.rows]}. */
  default void matmul(Weight w, Activation x, int rows, Activation out) {
    matmul(List.of(w), x, rows, List.of(out));
  }

  /**
   * The first half of a gated MLP: {@code out = silu(x · gateᵀ) · (x · upᵀ)}.
   *
   * @param gate of the same shape as {@code up}
   * @param out {@code [rows, gate.rows]}
   * @param scratch of the same shape; its content is undefined afterwards
   */
  default void matmulSwiglu(
      Weight gate, Weight up, Activation x, int rows, Activation out, Activation scratch) {
    matmul(List.of(gate, up), x, rows, List.of(out, scratch));
    swiglu(out, scratch, rows);
  }

  /**
   * The way into attention: rotates every head of queries {@code [batch, heads · headDim]} and keys
   * {@code [batch, kvHeads · headDim]} in place, by the positions of the batch, and writes keys and
   * values {@code [batch, kvHeads · headDim]} of one layer to the pages of the batch.
   */
  void rotateAndStore(
      Activation queries,
      Activation keys,
      Activation values,
      Rope rope,
      KvCache cache,
      int layer,
      Batch batch);

  /**
   * Causal scaled dot-product attention over the paged cache, which already holds the batch's own
   * keys and values. Query head {@code h} reads key-value head {@code h / (heads / kvHeads)}.
   *
   * @param queries {@code [batch, heads · headDim]}
   * @param scale factor on the dot products, {@code 1/sqrt(headDim)} in Llama
   * @param window a token sees at most this many positions, its own included; 0 for all
   * @param out {@code [batch, heads · headDim]}
   */
  void attention(
      Activation queries,
      KvCache cache,
      int layer,
      float scale,
      int window,
      Batch batch,
      Activation out);

  /** SwiGLU (Shazeer, 2020): {@code gate = silu(gate) · up}, in place. */
  void swiglu(Activation gate, Activation up, int rows);

  /** {@code x = x + bias}, in place; {@code bias} is one row, added to each of {@code x}. */
  void addBias(Activation x, Weight bias, int rows);

  /** {@code out[i] = x[rows[i]]}. */
  void gather(Activation x, int[] rows, Activation out);

  /**
   * Finds the largest element of each of the first {@code rows} rows of {@code x}.
   *
   * @param out {@code [rows, 1]}: its column, of equal ones the first; -1 where an element of the
   *     row is not finite
   */
  void argmax(Activation x, int rows, Activation out);

  /**
   * Finds the {@code k} largest elements of each of the first rows of {@code x}, of equal ones the
   * first.
   *
   * @param factors one for each of these rows, none negative
   * @param out {@code [rows, 2k + 1]}: their columns, ascending; the elements in these columns; and
   *     the sum of {@code exp((element - largest) · factor)} over the whole row. Where an element
   *     of the row is not finite, the first column is -1 and the rest undefined.
   */
  void topK(Activation x, float[] factors, Activation out);

  /**
   * Runs everything that was issued and waits for it.
   *
   * @throws IllegalStateException when the device failed; the backend cannot be used any more
   */
  void commit();

  /** Copies one row to {@code into [cols]}; after {@link #commit}. */
  void read(Activation x, int row, float[] into);

  /** Frees all that this backend handed out. */
  @Override
  void close();
}
