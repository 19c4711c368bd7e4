package io.millrace.cpu;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import io.millrace.tensor.Shapes;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * The operations in vector code, on all cores. An operation runs when it is called. What it
 * computes for a token has the same bits whatever else is in the batch and however many threads
 * there are (see {@link Panels} for the rule); another vector width may round sums of norms and
 * attention differently.
 */
public final class CpuBackend implements Backend {
  private final ThreadTeam team;
  private final Arena arena = Arena.ofShared();
  private final Matmul matmul;
  private final Embedding embedding;
  private final RotaryEmbedding rotary = new RotaryEmbedding();
  private final Attention attention;
  private final RowKernels rows;

  /** A backend on all processors that this process may use. */
  public CpuBackend() {
    this(Runtime.getRuntime().availableProcessors());
  }

  /**
   * @param threads that compute, the caller's included
   */
  public CpuBackend(int threads) {
    team = new ThreadTeam(threads);
    matmul = new Matmul(team);
    embedding = new Embedding(team);

    attention = new Attention(team);
    rows = new RowKernels(team);
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return "cpu: %d thread%s, %d-bit vectors"
        .formatted(team.size(), team.size() == 1 ? "" : "s", Lanes.F.vectorBitSize());
  }

  @Override
  public Weight load(TensorSource source) {
    if (source.rows() > 1) {
      return PanelWeight.load(source, arena, team);
    }
    return VectorWeight.load(source);
  }

  @Override
  public Activation allocate(int rows, int cols) {
    Shapes.checkAllocate(rows, cols);
    return CpuActivation.zeroed(rows, cols);
  }

  @Override
  public DType cacheType() {
    return DType.F32;
  }

  @Override
  public KvCache allocate(KvCache.Shape shape, int pages, DType type) {
    Shapes.checkAllocate(shape, pages, type);
    return CpuKvCache.allocate(shape, pages, type);
  }

  @Override
  public long pageBytes(KvCache.Shape shape, DType type) {
    Shapes.checkCacheType(shape, type);
    return CpuKvCache.pageBytes(shape, type);
  }

  @Override
  public void embed(Weight table, Batch batch, Activation out) {
    Shapes.checkEmbed(table, batch, out);
    switch (weight(table)) {
      case PanelWeight panels -> embedding.run(panels, batch, own(out));
      case VectorWeight vector -> {
        for (int i = 0; i < batch.size(); i++) {
          System.arraycopy(vector.values(), 0, own(out).data(), own(out).at(i), vector.cols());
        }
      }
    }
  }

  @Override
  public void rmsNorm(Activation x, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkRmsNorm(x, gain, rows, out);
    this.rows.rmsNorm(own(x), (VectorWeight) gain, epsilon, rows, own(out));
  }

  @Override
  public void addRmsNorm(
      Activation x, Activation delta, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkAddRmsNorm(x, delta, gain, rows, out);
    this.rows.addRmsNorm(own(x), own(delta), (VectorWeight) gain, epsilon, rows, own(out));
  }

  @Override
  public void matmul(List<Weight> weights, Activation x, int rows, List<Activation> outs) {
    Shapes.checkMatmul(weights, x, rows, outs);
    List<CpuActivation> own = outs.stream().map(CpuBackend::own).toList();
    matmul.run(weights.stream().map(CpuBackend::weight).toList(), own(x), rows, own);
  }

  @Override
  public void rotateAndStore(
      Activation queries,
      Activation keys,
      Activation values,
      Rope rope,
      KvCache cache,
      int layer,
      Batch batch) {
    Shapes.checkRotateAndStore(queries, keys, values, rope, cache, layer, batch);
    CpuKvCache store = (CpuKvCache) cache;
    int headDim = cache.shape().headDim();
    rotary.prepare(rope, batch);
    team.run(
        batch.size(),
        (token, worker) -> {
          rotary.rotate(own(queries), token, headDim);
          rotary.rotate(own(keys), token, headDim);
          store.put(layer, own(keys), own(values), batch, token);
        });
  }

  @Override
  public void attention(
      Activation queries,
      KvCache cache,
      int layer,
      float scale,
      int window,
      Batch batch,
      Activation out) {
    Shapes.checkAttention(queries, cache, layer, window, batch, out);
    attention.run(own(queries), (CpuKvCache) cache, layer, scale, window, batch, own(out));
  }

  @Override
  public void swiglu(Activation gate, Activation up, int rows) {
    Shapes.checkSame("swiglu", gate, up, rows);
    this.rows.swiglu(own(gate), own(up), rows);
  }

  @Override
  public void addBias(Activation x, Weight bias, int rows) {
    Shapes.checkAddBias(x, bias, rows);
    this.rows.addBias(own(x), (VectorWeight) bias, rows);
  }

  @Override
  public void gather(Activation x, int[] rows, Activation out) {
    Shapes.checkGather(x, rows, out);
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(
          own(x).data(), own(x).at(rows[i]), own(out).data(), own(out).at(i), x.cols());
    }
  }

  @Override
  public void argmax(Activation x, int rows, Activation out) {
    Shapes.checkArgmax(x, rows, out);
    this.rows.argmax(own(x), rows, own(out));
  }

  /** Nothing is left to do: operations run when they are called. */
  @Override
  public void topK(Activation x, float[] factors, Activation out) {
    Shapes.checkTopK(x, factors, out);
    CpuActivation from = own(x);
    CpuActivation to = own(out);
    int k = out.cols() / 2;
    team.run(
        factors.length,
        (row, worker) ->
            TopK.find(from.data(), from.at(row), x.cols(), factors[row], k, to.data(), to.at(row)));
  }

  @Override
  public void commit() {}

  @Override
  public void read(Activation x, int row, float[] into) {
    Shapes.checkRead(x, row, into);
    System.arraycopy(own(x).data(), own(x).at(row), into, 0, into.length);
  }

  @Override
  public void close() {
    team.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static CpuActivation own(Activation activation) {
    return (CpuActivation) activation;
  }

  private static CpuWeight weight(Weight weight) {
    return (CpuWeight) weight;
  }
}
