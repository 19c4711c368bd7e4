package io.millrace.tensor;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The definition of the operations: scalar, obvious and slow. Weights and activations are f32; sums
 * run in double and are rounded once, so that other backends are judged against the best f32
 * result, not against one order of adding.
 */
public final class ReferenceBackend implements Backend {
  @Override
  public String name() {
    return "reference";
  }

  @Override
  public String description() {
    return "reference: scalar f32, one thread";
  }

  @Override
  public Weight load(TensorSource source) {
    float[][] values = new float[source.rows()][source.cols()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = source.map(arena);
      for (int row = 0; row < source.rows(); row++) {
        Dequantizer.read(source.dtype(), bytes, (long) row * source.cols(), values[row]);
        for (float value : values[row]) {
          if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(
                "tensor %s holds %s in row %d, expected finite numbers; the file is damaged"
                    .formatted(source.name(), value, row));
          }
        }
      }
    }
    return new Matrix(source.dtype(), values);
  }

  @Override
  public Activation allocate(int rows, int cols) {
    Shapes.checkAllocate(rows, cols);
    return new Matrix(DType.F32, new float[rows][cols]);
  }

  @Override
  public DType cacheType() {
    return DType.F32;
  }

  @Override
  public KvCache allocate(KvCache.Shape shape, int pages, DType type) {
    Shapes.checkAllocate(shape, pages, type);
    int slots = Math.multiplyExact(pages, PAGE_TOKENS);
    return new Cache(
        shape,
        pages,
        type,
        new float[shape.layers()][slots][shape.rowElements()],
        new float[shape.layers()][slots][shape.rowElements()]);
  }

  @Override
  public long pageBytes(KvCache.Shape shape, DType type) {
    Shapes.checkCacheType(shape, type);
    return 2L * Float.BYTES * PAGE_TOKENS * shape.layers() * shape.rowElements();
  }

  @Override
  public void embed(Weight table, Batch batch, Activation out) {
    Shapes.checkEmbed(table, batch, out);
    for (int i = 0; i < batch.size(); i++) {
      copy(values(table)[batch.tokens()[i]], values(out)[i]);
    }
  }

  @Override
  public void rmsNorm(Activation x, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkRmsNorm(x, gain, rows, out);
    float[] gains = values(gain)[0];
    for (int row = 0; row < rows; row++) {
      float[] from = values(x)[row];
      float[] to = values(out)[row];
      for (int part = 0; part < from.length; part += gains.length) {
        double squares = dot(from, part, from, part, gains.length);
        double inverse = 1 / Math.sqrt(squares / gains.length + epsilon);
        for (int i = 0; i < gains.length; i++) {
          to[part + i] = (float) (from[part + i] * inverse * gains[i]);
        }
      }
    }
  }

  @Override
  public void addRmsNorm(
      Activation x, Activation delta, Weight gain, float epsilon, int rows, Activation out) {
    Shapes.checkAddRmsNorm(x, delta, gain, rows, out);
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < x.cols(); i++) {
        values(x)[row][i] += values(delta)[row][i];
      }
    }
    rmsNorm(x, gain, epsilon, rows, out);
  }

  @Override
  public void matmul(List<Weight> weights, Activation x, int rows, List<Activation> outs) {
    Shapes.checkMatmul(weights, x, rows, outs);
    for (int i = 0; i < weights.size(); i++) {
      float[][] w = values(weights.get(i));
      for (int row = 0; row < rows; row++) {
        for (int col = 0; col < w.length; col++) {
          values(outs.get(i))[row][col] = (float) dot(values(x)[row], 0, w[col], 0, x.cols());
        }
      }
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
    Cache store = (Cache) cache;
    for (int i = 0; i < batch.size(); i++) {
      int position = batch.positions()[i];
      rotate(values(queries)[i], cache.shape().headDim(), rope, position);
      rotate(values(keys)[i], cache.shape().headDim(), rope, position);
      int slot = slot(batch, batch.sequences()[i], position);
      round(values(keys)[i], store.type, store.keys[layer][slot]);
      round(values(values)[i], store.type, store.values[layer][slot]);
    }
  }

  /** What comes back of keys or values from a cache of a type. */
  private static void round(float[] row, DType type, float[] into) {
    for (int i = 0; i < row.length; i++) {
      into[i] =
          switch (type) {
            case F16 -> half(row[i]);
            case Q8_0 -> {
              float scale = Quantizer.scale(row, i / Quantizer.BLOCK * Quantizer.BLOCK);
              yield Quantizer.quant(row[i], scale) * half(scale);
            }
            default -> row[i];
          };
    }
  }

  private static float half(float x) {
    return Float.float16ToFloat(Float.floatToFloat16(x));
  }

  private static void rotate(float[] row, int headDim, Rope rope, int position) {
    int pairs = rope.frequencies().length;
    boolean interleaved = rope.pairing() == Rope.Pairing.INTERLEAVED;
    for (int head = 0; head < row.length; head += headDim) {
      for (int pair = 0; pair < pairs; pair++) {
        double angle = rope.angle(position, pair);
        double cos = Math.cos(angle) * rope.scale();
        double sin = Math.sin(angle) * rope.scale();
        int first = head + (interleaved ? 2 * pair : pair);
        int second = first + (interleaved ? 1 : pairs);
        float a = row[first];
        float b = row[second];
        row[first] = (float) (a * cos - b * sin);
        row[second] = (float) (a * sin + b * cos);
      }
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
    int headDim = cache.shape().headDim();
    int group = queries.cols() / headDim / cache.shape().kvHeads();
    for (int i = 0; i < batch.size(); i++) {
      int position = batch.positions()[i];
      int first = window == 0 ? 0 : Math.max(0, position - window + 1);
      int[] slots = new int[position - first + 1];
      for (int j = 0; j < slots.length; j++) {
        slots[j] = slot(batch, batch.sequences()[i], first + j);
      }
      for (int head = 0; head * headDim < queries.cols(); head++) {
        int kv = head / group * headDim;
        float[] query = values(queries)[i];
        double[] weights = new double[slots.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < slots.length; j++) {
          float[] key = ((Cache) cache).keys[layer][slots[j]];
          weights[j] = scale * dot(query, head * headDim, key, kv, headDim);
          max = Math.max(max, weights[j]);
        }
        double sum = 0;
        for (int j = 0; j < slots.length; j++) {
          weights[j] = Math.exp(weights[j] - max);
          sum += weights[j];
        }
        for (int d = 0; d < headDim; d++) {
          double mixed = 0;
          for (int j = 0; j < slots.length; j++) {
            mixed += weights[j] * ((Cache) cache).values[layer][slots[j]][kv + d];
          }
          values(out)[i][head * headDim + d] = (float) (mixed / sum);
        }
      }
    }
  }

  @Override
  public void swiglu(Activation gate, Activation up, int rows) {
    Shapes.checkSame("swiglu", gate, up, rows);
    for (int row = 0; row < rows; row++) {
      float[] x = values(gate)[row];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (x[i] / (1 + Math.exp(-x[i])) * values(up)[row][i]);
      }
    }
  }

  @Override
  public void addBias(Activation x, Weight bias, int rows) {
    Shapes.checkAddBias(x, bias, rows);
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < x.cols(); i++) {
        values(x)[row][i] += values(bias)[0][i];
      }
    }
  }

  @Override
  public void gather(Activation x, int[] rows, Activation out) {
    Shapes.checkGather(x, rows, out);
    for (int i = 0; i < rows.length; i++) {
      copy(values(x)[rows[i]], values(out)[i]);
    }
  }

  @Override
  public void argmax(Activation x, int rows, Activation out) {
    Shapes.checkArgmax(x, rows, out);
    for (int row = 0; row < rows; row++) {
      int largest = 0;
      boolean finite = true;
      for (int i = 0; i < x.cols(); i++) {
        finite &= Float.isFinite(values(x)[row][i]);
        largest = values(x)[row][i] > values(x)[row][largest] ? i : largest;
      }
      values(out)[row][0] = finite ? largest : -1;
    }
  }

  @Override
  public void topK(Activation x, float[] factors, Activation out) {
    Shapes.checkTopK(x, factors, out);
    int k = out.cols() / 2;
    for (int row = 0; row < factors.length; row++) {
      float[] elements = values(x)[row];
      float[] result = values(out)[row];
      List<Integer> columns = IntStream.range(0, elements.length).boxed().toList();
      if (columns.stream().anyMatch(column -> !Float.isFinite(elements[column]))) {
        result[0] = -1;
        continue;
      }
      // Stable, so that of equal elements the first comes first; 0 and -0 are equal.
      List<Integer> order =
          columns.stream().sorted(Comparator.comparing(column -> -elements[column] + 0f)).toList();
      int[] largest = order.stream().limit(k).mapToInt(Integer::intValue).sorted().toArray();
      for (int i = 0; i < k; i++) {
        result[i] = largest[i];
        result[k + i] = elements[largest[i]];
      }
      double sum = 0;
      for (float element : elements) {
        sum += Math.exp(((double) element - elements[order.getFirst()]) * factors[row]);
      }
      result[2 * k] = (float) sum;
    }
  }

  @Override
  public void commit() {}

  @Override
  public void read(Activation x, int row, float[] into) {
    Shapes.checkRead(x, row, into);
    copy(values(x)[row], into);
  }

  @Override
  public void close() {}

  private static double dot(float[] a, int aFrom, float[] b, int bFrom, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (double) a[aFrom + i] * b[bFrom + i];
    }
    return sum;
  }

  /** Where a position stands in the cache, counted in tokens. */
  private static int slot(Batch batch, int sequence, int position) {
    return batch.pages()[sequence][position / PAGE_TOKENS] * PAGE_TOKENS + position % PAGE_TOKENS;
  }

  private static void copy(float[] from, float[] to) {
    System.arraycopy(from, 0, to, 0, from.length);
  }

  private static float[][] values(Weight weight) {
    return ((Matrix) weight).values;
  }

  private static float[][] values(Activation activation) {
    return ((Matrix) activation).values;
  }

  private record Matrix(WeightType dtype, float[][] values) implements Weight, Activation {
    @Override
    public int rows() {
      return values.length;
    }

    @Override
    public int cols() {
      return values[0].length;
    }

    @Override
    public long bytes() {
      return (long) Float.BYTES * rows() * cols();
    }
  }

  /** Numbers are kept as f32, rounded to what the type can hold. */
  private record Cache(Shape shape, int pages, DType type, float[][][] keys, float[][][] values)
      implements KvCache {
    @Override
    public long bytes() {
      return 2L * Float.BYTES * pages * PAGE_TOKENS * shape.layers() * shape.rowElements();
    }

    @Override
    public void close() {}
  }
}
