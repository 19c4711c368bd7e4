package io.millrace.metal;

import io.millrace.metal.Kernels.Family;
import io.millrace.metal.objc.GpuFamily;
import io.millrace.metal.objc.Libraries;
import io.millrace.metal.objc.MetalException;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import io.millrace.tensor.Shapes;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import io.millrace.tensor.WeightType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The operations on an Apple GPU. An operation encodes a dispatch; {@link #commit} runs all that
 * were encoded as one command buffer, and waits once. Weights stay where their file is mapped.
 */
public final class MetalBackend implements Backend {
  private static final int ROW_THREADS = 256;
  private static final int SIMD_WIDTH = 32;

  private final Gpu gpu;
  private final boolean ownsGpu;
  private final boolean checked;
  private final Kernels kernels;
  private final DeviceMemory memory;
  private final Step step;
  private final BatchTables tables;
  private final Matmul matmul;
  private final Attention attention;

  /** Keys and values have no more precision than the matrices that they were computed with. */
  private DType cacheType = DType.F32;

  private boolean open = true;

  private MetalBackend(Gpu gpu, boolean ownsGpu, boolean checked) {
    this.gpu = gpu;
    this.ownsGpu = ownsGpu;
    this.checked = checked;
    kernels = gpu.kernels();
    memory = new DeviceMemory(gpu.device());
    step = new Step(gpu.queue(), memory);
    tables = new BatchTables(step);
    matmul = new Matmul(kernels, step);
    attention = new Attention(kernels, step, tables, memory);
  }

  /**
   * Opens the machine's GPU and compiles the kernels.
   *
   * @throws MetalException when there is no Metal here, or the GPU cannot run the kernels
   */
  public static MetalBackend open(Libraries libraries) {
    return new MetalBackend(Gpu.open(libraries), true, false);
  }

  /**
   * The same, but every kernel is checked against its definition before it is used: those that read
   * weights when the first weight of a format is loaded, which throws as this does.
   *
   * @throws IllegalStateException when a kernel computes wrong numbers
   */
  public static MetalBackend openChecked(Libraries libraries) {
    MetalBackend backend = new MetalBackend(Gpu.open(libraries), true, true);
    try {
      backend.checkWith(SelfCheck::require);
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
    return backend;
  }

  /** Runs a check with memory of its own on the same GPU. */
  private void checkWith(Consumer<Backend> check) {
    try (MetalBackend probe = new MetalBackend(gpu, false, false)) {
      check.accept(probe);
    }
  }

  @Override
  public String name() {
    return "metal";
  }

  @Override
  public String description() {
    return "metal: %s, %,d MiB for the GPU".formatted(gpu.device().name(), memory.limit() >> 20);
  }

  /** One line for people: what the GPU supports, and its limits. */
  public String features() {
    String families =
        Arrays.stream(GpuFamily.values())
            .filter(gpu.device()::supports)
            .map(GpuFamily::toString)
            .collect(Collectors.joining(", "));
    return "families %s; buffers of up to %,d MiB; memory %s"
        .formatted(
            families,
            gpu.device().maxBufferLength() >> 20,
            gpu.device().hasUnifiedMemory() ? "shared with the processor" : "of its own");
  }

  @Override
  public Weight load(TensorSource source) {
    WeightType format = source.dtype();
    boolean matrix = source.rows() > 1;
    if (kernels.compile(format, matrix) && checked && matrix) {
      checkWith(probe -> SelfCheck.requireProducts(probe, format));
    }
    if (format != DType.F32 && matrix) {
      cacheType = DType.F16;
    }
    return memory.load(source);
  }

  @Override
  public Activation allocate(int rows, int cols) {
    Shapes.checkAllocate(rows, cols);
    long bytes = (long) Float.BYTES * rows * cols;
    String what = "an activation [%,d, %,d]".formatted(rows, cols);
    MetalActivation activation = new MetalActivation(rows, cols, memory.allocate(what, bytes));
    activation.buffer().contents().fill((byte) 0);
    return activation;
  }

  @Override
  public DType cacheType() {
    return cacheType;
  }

  @Override
  public KvCache allocate(KvCache.Shape shape, int pages, DType type) {
    Shapes.checkAllocate(shape, pages, type);
    if (kernels.compileForCache(type) && checked) {
      checkWith(probe -> SelfCheck.requireAttention(probe, type));
    }
    return new MetalKvCache(shape, pages, type, memory);
  }

  @Override
  public long available() {
    return memory.available();
  }

  @Override
  public long pageBytes(KvCache.Shape shape, DType type) {
    Shapes.checkCacheType(shape, type);
    return MetalKvCache.pageBytes(shape, type);
  }

  @Override
  public void embed(Weight table, Batch batch, Activation out) {
    Shapes.checkEmbed(table, batch, out);
    if (batch.size() > 0) {
      MetalWeight weight = (MetalWeight) table;
      Step.Table tokens = tables.tokens(batch);
      step.encode(kernels.get(Family.EMBED, weight.dtype(), "embed", SIMD_WIDTH))
          .reads(0, weight)
          .reads(1, tokens)
          .writes(2, own(out), batch.size())
          .bytes(3, step.arguments(weight.cols(), weight.rowBytes()))
          .threads(weight.cols(), batch.size(), 1, SIMD_WIDTH);
    }
  }

  @Override
  public void rmsNorm(Activation x, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkRmsNorm(x, gain, rows, out);
    if (rows > 0) {
      MetalWeight gains = (MetalWeight) gain;
      Dispatch norm =
          step.encode(kernels.get(Family.VECTOR, gains.dtype(), "rms_norm", ROW_THREADS))
              .reads(0, own(x), rows)
              .reads(1, own(x), rows); // must be bound, is not read
      encodeNorm(norm, x, gains, epsilon, rows, out);
    }
  }

  @Override
  public void addRmsNorm(
      Activation x, Activation delta, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkAddRmsNorm(x, delta, gain, rows, out);
    if (rows > 0) {
      MetalWeight gains = (MetalWeight) gain;
      Dispatch norm =
          step.encode(kernels.get(Family.VECTOR, gains.dtype(), "add_rms_norm", ROW_THREADS))
              .writes(0, own(x), rows)
              .reads(1, own(delta), rows);
      encodeNorm(norm, x, gains, epsilon, rows, out);
    }
  }

  private void encodeNorm(
      Dispatch norm, Activation x, MetalWeight gain, float epsilon, int rows, Activation out) {
    norm.reads(2, gain)
        .writes(3, own(out), rows)
        .bytes(4, step.arguments(gain.cols(), Float.floatToRawIntBits(epsilon)))
        .groups((long) rows * x.cols() / gain.cols(), 1, ROW_THREADS);
  }

  @Override
  public void matmul(List<Weight> weights, Activation x, int rows, List<Activation> outs) {
    Shapes.checkMatmul(weights, x, rows, outs);
    if (rows > 0) {
      List<Matmul.Product> products =
          IntStream.range(0, weights.size())
              .mapToObj(i -> new Matmul.Product((MetalWeight) weights.get(i), own(outs.get(i))))
              .toList();
      matmul.encode(products, own(x), rows);
    }
  }

  @Override
  public void matmulSwiglu(
      Weight gate, Weight up, Activation x, int rows, Activation out, Activation scratch) {
    if (!gate.dtype().equals(up.dtype())) {
      Backend.super.matmulSwiglu(gate, up, x, rows, out, scratch);
      return;
    }
    Shapes.checkMatmulSwiglu(gate, up, x, rows, out, scratch);
    if (rows > 0) {
      matmul.encodeSwiglu((MetalWeight) gate, (MetalWeight) up, own(x), rows, own(out));
    }
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
    if (batch.size() > 0) {
      attention.encodeRotateAndStore(
          own(queries), own(keys), own(values), rope, (MetalKvCache) cache, layer, batch);
    }
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
    if (batch.size() > 0) {
      attention.encode(own(queries), (MetalKvCache) cache, layer, scale, window, batch, own(out));
    }
  }

  @Override
  public void swiglu(Activation gate, Activation up, int rows) {
    Shapes.checkSame("swiglu", gate, up, rows);
    if (rows > 0) {
      step.encode(kernels.get(Family.ROWS, "swiglu", ROW_THREADS))
          .writes(0, own(gate), rows)
          .reads(1, own(up), rows)
          .threads((long) rows * gate.cols(), 1, 1, ROW_THREADS);
    }
  }

  @Override
  public void addBias(Activation x, Weight bias, int rows) {
    Shapes.checkAddBias(x, bias, rows);
    if (rows > 0) {
      MetalWeight biases = (MetalWeight) bias;
      step.encode(kernels.get(Family.VECTOR, biases.dtype(), "add_bias", SIMD_WIDTH))
          .writes(0, own(x), rows)
          .reads(1, biases)
          .bytes(2, step.arguments(x.cols()))
          .threads(x.cols(), rows, 1, SIMD_WIDTH);
    }
  }

  @Override
  public void gather(Activation x, int[] rows, Activation out) {
    Shapes.checkGather(x, rows, out);
    if (rows.length > 0) {
      Step.Table table = step.table(rows);
      step.encode(kernels.get(Family.ROWS, "gather", SIMD_WIDTH))
          .reads(0, own(x), x.rows())
          .reads(1, table)
          .writes(2, own(out), rows.length)
          .bytes(3, step.arguments(x.cols()))
          .threads(x.cols(), rows.length, 1, SIMD_WIDTH);
    }
  }

  @Override
  public void argmax(Activation x, int rows, Activation out) {
    Shapes.checkArgmax(x, rows, out);
    if (rows > 0) {
      step.encode(kernels.get(Family.ROWS, "argmax", ROW_THREADS))
          .reads(0, own(x), rows)
          .writes(1, own(out), rows)
          .bytes(2, step.arguments(x.cols()))
          .groups(rows, 1, ROW_THREADS);
    }
  }

  @Override
  public void topK(Activation x, float[] factors, Activation out) {
    Shapes.checkTopK(x, factors, out);
    if (factors.length > 0) {
      step.encode(kernels.get(Family.TOPK, "top_k", ROW_THREADS))
          .reads(0, own(x), factors.length)
          .reads(1, step.table(factors))
          .writes(2, own(out), factors.length)
          .bytes(3, step.arguments(x.cols(), out.cols() / 2))
          .groups(factors.length, 1, ROW_THREADS);
    }
  }

  @Override
  public void commit() {
    tables.clear();
    step.commit();
  }

  @Override
  public void read(Activation x, int row, float[] into) {
    Shapes.checkRead(x, row, into);
    MemorySegment.copy(
        own(x).buffer().contents(),
        ValueLayout.JAVA_FLOAT,
        own(x).bytes(row),
        into,
        0,
        into.length);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      step.close();
      memory.close();
      if (ownsGpu) {
        gpu.close();
      }
    }
  }

  private static MetalActivation own(Activation activation) {
    return (MetalActivation) activation;
  }
}
