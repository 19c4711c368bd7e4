package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Activation;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.tensor.Rope;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import io.millrace.tensor.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Every kernel on this machine's own GPU against the definition of its operation, on a few numbers:
 * compilers and drivers differ, and a worker must not serve wrong text.
 */
public final class SelfCheck {
  private static final int ROWS = 70;
  private static final int COLS = 96;

  /** For formats in blocks: a whole number of any. */
  private static final int SUPER_COLS = 256;

  private static final int[] AFFINE_BITS = {2, 3, 4, 5, 6, 8};

  private final Backend backend;
  private final Backend reference = new ReferenceBackend();
  private final List<Result> results = new ArrayList<>();

  private SelfCheck(Backend backend) {
    this.backend = backend;
  }

  /**
   * How far a kernel is from the definition.
   *
   * @param kernel what was computed
   * @param error largest difference, as a share of 1 + the largest element
   * @param tolerance largest error that is right
   */
  public record Result(String kernel, double error, double tolerance) {
    public boolean isRight() {
      return error <= tolerance; // false for NaN
    }
  }

  /** Runs all kernels; a few milliseconds on a GPU, after seconds for its compiler. */
  public static List<Result> run(Backend backend) {
    SelfCheck check = new SelfCheck(backend);
    for (DType dtype : DType.values()) {
      check.products(dtype);
    }
    for (int bits : AFFINE_BITS) {
      check.products(new AffineType(bits, 64, DType.F16));
    }
    check.rows();
    for (DType type : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
      check.attention(type);
    }
    return List.copyOf(check.results);
  }

  /**
   * Refuses a backend whose kernels without weights compute wrong numbers.
   *
   * @throws IllegalStateException naming the kernels
   */
  public static void require(Backend backend) {
    SelfCheck check = new SelfCheck(backend);
    check.rows();
    check.require();
  }

  /**
   * The same for those that work on a KV cache of a type.
   *
   * @throws IllegalStateException naming the kernels
   */
  public static void requireAttention(Backend backend, DType type) {
    SelfCheck check = new SelfCheck(backend);
    check.attention(type);
    check.require();
  }

  /**
   * The same for those that multiply by weights of a format.
   *
   * @throws IllegalStateException naming the kernels
   */
  public static void requireProducts(Backend backend, WeightType format) {
    SelfCheck check = new SelfCheck(backend);
    check.products(format);
    check.require();
  }

  private void require() {
    List<Result> wrong = results.stream().filter(result -> !result.isRight()).toList();
    if (!wrong.isEmpty()) {
      throw new IllegalStateException(
          "%s computes wrong numbers, so it will not be used: %s; run millrace doctor"
              .formatted(backend.description(), wrong));
    }
  }

  private void products(WeightType format) {
    String type = format.toString().toLowerCase(Locale.ROOT);
    double tolerance = format == DType.F32 ? 1e-3 : 2e-2;
    Sample weight = new Sample(format, ROWS, format.blockSize() == 1 ? COLS : SUPER_COLS, 1);
    compare("embed " + type, 1e-6, b -> rows(b, weight, 3));
    Sample other = new Sample(format, ROWS, weight.cols(), 14);
    for (int columns : new int[] {1, 2, 4, 8, 12, 40}) {
      String kernel = (columns > 8 ? "matmat " : "matvec ") + type + " x" + columns;
      compareAll(kernel, tolerance, b -> multiply(b, weight, other, columns));
      compare("swiglu " + kernel, tolerance, b -> gate(b, weight, other, columns));
    }
  }

  private static List<Activation> multiply(Backend b, Sample weight, Sample other, int columns) {
    List<Activation> outs = List.of(b.allocate(columns, ROWS), b.allocate(columns, ROWS));
    Activation x = activation(b, columns, weight.cols(), 2);
    b.matmul(List.of(b.load(weight), b.load(other)), x, columns, outs);
    return outs;
  }

  private static Activation gate(Backend b, Sample gate, Sample up, int columns) {
    Activation out = b.allocate(columns, ROWS);
    Activation x = activation(b, columns, gate.cols(), 2);
    b.matmulSwiglu(b.load(gate), b.load(up), x, columns, out, b.allocate(columns, ROWS));
    return out;
  }

  private void rows() {
    compare(
        "rms norm",
        1e-4,
        b -> {
          Activation x = activation(b, 3, COLS, 3);
          b.rmsNorm(x, b.load(new Sample(DType.F32, 1, COLS, 4)), 1e-5f, 3, x);
          return x;
        });
    compareAll(
        "addRmsNorm",
        1e-4,
        b -> {
          Activation x = activation(b, 3, COLS, 3);
          Activation delta = activation(b, 3, COLS, 7);
          b.addRmsNorm(x, delta, b.load(new Sample(DType.F32, 1, COLS, 4)), 1e-5f, 3, delta);
          return List.of(x, delta);
        });
    compare(
        "swiglu, addBias, gather",
        1e-4,
        b -> {
          Activation x = activation(b, 3, COLS, 5);
          b.swiglu(x, activation(b, 3, COLS, 6), 3);
          b.addBias(x, b.load(new Sample(DType.F16, 1, COLS, 8)), 3);
          Activation out = b.allocate(2, COLS);
          b.gather(x, new int[] {2, 0}, out);
          return out;
        });
    compare(
        "argmax",
        0,
        b -> {
          Activation out = b.allocate(3, 1);
          b.argmax(activation(b, 3, COLS, 13), 3, out);
          return out;
        });
    compare(
        "topK",
        1e-4,
        b -> {
          Activation out = b.allocate(3, 2 * 7 + 1);
          b.topK(activation(b, 3, COLS, 13), new float[] {0.5f, 1, 2}, out);
          return out;
        });
  }

  private void attention(DType type) {
    for (int headDim : new int[] {32, 64, 128, 256}) {
      for (int heads : new int[] {1, 2, 4, 8}) {
        attention(type, heads, headDim);
      }
    }
    longContext(type);
  }

  /** Prefill of one and a half pages, then one more token, with a window at the end. */
  private void attention(DType type, int heads, int headDim) {
    boolean interleaved = heads == 1 || heads == 4;
    Rope.Pairing pairing = interleaved ? Rope.Pairing.INTERLEAVED : Rope.Pairing.HALF_SPLIT;
    compare(
        "attention %s %d x%d".formatted(type, headDim, heads).toLowerCase(Locale.ROOT),
        2e-2,
        b -> {
          Rope rope = Rope.standard(headDim, 10_000, pairing);
          int prefill = PAGE_TOKENS + PAGE_TOKENS / 2;
          try (KvCache cache = b.allocate(new KvCache.Shape(1, 1, headDim), 3, type)) {
            attend(b, cache, heads, rope, batch(0, prefill), 0);
            Activation out = attend(b, cache, heads, rope, batch(prefill, 1), 20);
            b.commit();
            return out;
          }
        });
  }

  private static Activation attend(
      Backend b, KvCache cache, int heads, Rope rope, Batch batch, int window) {
    int n = batch.size();
    int headDim = cache.shape().headDim();
    Activation out = b.allocate(n, heads * headDim);
    Activation keys = activation(b, n, headDim, 10);
    Activation queries = activation(b, n, heads * headDim, 12);
    b.rotateAndStore(queries, keys, activation(b, n, headDim, 11), rope, cache, 0, batch);
    b.attention(queries, cache, 0, (float) (4 / Math.sqrt(headDim)), window, batch, out);
    return out;
  }

  /** One token that sees so many that their pages are shared out. */
  private void longContext(DType type) {
    compare(
        "attention %s, long".formatted(type).toLowerCase(Locale.ROOT),
        2e-2,
        b -> {
          int headDim = 32;
          Rope rope = Rope.standard(headDim, 10_000, Rope.Pairing.INTERLEAVED);
          int[] pages = IntStream.range(0, 2 * AttentionPlan.PART_PAGES).toArray();
          int n = pages.length * PAGE_TOKENS;
          int[] positions = IntStream.range(0, n).toArray();
          int[][] one = {pages};
          Batch all = new Batch(new int[n], positions, new int[n], one, new int[0]);
          Batch last = new Batch(new int[1], new int[] {n - 1}, new int[1], one, new int[0]);
          Activation out = b.allocate(1, headDim);
          Activation queries = activation(b, n, headDim, 14);
          try (KvCache cache = b.allocate(new KvCache.Shape(1, 1, headDim), pages.length, type)) {
            b.rotateAndStore(
                queries,
                activation(b, n, headDim, 15),
                activation(b, n, headDim, 16),
                rope,
                cache,
                0,
                all);
            b.attention(queries, cache, 0, 0.5f, 0, last, out);
            b.commit();
          }
          return out;
        });
  }

  /** Consecutive tokens of one sequence, whose pages are 2, 0 and 1. */
  private static Batch batch(int first, int count) {
    int[] positions = IntStream.range(first, first + count).toArray();
    return new Batch(
        new int[count], positions, new int[count], new int[][] {{2, 0, 1}}, new int[0]);
  }

  private static Activation activation(Backend b, int rows, int cols, long seed) {
    return rows(b, new Sample(DType.F32, rows, cols, seed), rows);
  }

  /** The first rows of a table. */
  private static Activation rows(Backend b, Sample table, int rows) {
    Activation out = b.allocate(rows, table.cols());
    Weight weight = b.load(table);
    int[] tokens = IntStream.range(0, rows).toArray();
    b.embed(weight, new Batch(tokens, tokens, new int[rows], new int[1][0], new int[0]), out);
    return out;
  }

  private void compare(String kernel, double tolerance, Function<Backend, Activation> program) {
    compareAll(kernel, tolerance, b -> List.of(program.apply(b)));
  }

  private void compareAll(
      String kernel, double tolerance, Function<Backend, List<Activation>> program) {
    float[][] found = read(backend, program);
    float[][] expected = read(reference, program);
    double largest = 0;
    double error = 0;
    for (int row = 0; row < expected.length; row++) {
      for (int col = 0; col < expected[row].length; col++) {
        largest = Math.max(largest, Math.abs(expected[row][col]));
        error = Math.max(error, Math.abs(found[row][col] - expected[row][col])); // keeps NaN
      }
    }
    results.add(new Result(kernel, error / (1 + largest), tolerance));
  }

  /** The rows of all that a program computes. */
  private static float[][] read(Backend b, Function<Backend, List<Activation>> program) {
    List<Activation> results = program.apply(b);
    b.commit();
    List<float[]> values = new ArrayList<>();
    for (Activation result : results) {
      for (int row = 0; row < result.rows(); row++) {
        values.add(new float[result.cols()]);
        b.read(result, row, values.getLast());
      }
    }
    return values.toArray(float[][]::new);
  }

  /** Random elements, not far beyond -1 and 1. */
  private record Sample(WeightType dtype, int rows, int cols, long seed) implements TensorSource {
    @Override
    public String name() {
      return "of the self-check";
    }

    @Override
    public MemorySegment map(Arena arena) {
      SplittableRandom random = new SplittableRandom(seed);
      MemorySegment bytes = arena.allocate(bytes());
      for (long at = 0; at < bytes.byteSize(); at += dtype.blockBytes()) {
        for (int i = 0; i < dtype.blockBytes(); i++) {
          bytes.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
        }
        switch (dtype) {
          case DType plain -> putFactors(plain, bytes, at, random);
          case AffineType affine -> {
            int size = affine.scales().blockBytes();
            float scale = 1f / (1 << affine.bits());
            put(affine.scales(), bytes, at, (float) random.nextDouble(-scale, scale));
            put(affine.scales(), bytes, at + size, (float) random.nextDouble(-1, 1));
          }
        }
      }
      return bytes;
    }

    /** Brings a block of random bytes to elements of about 1. */
    private static void putFactors(
        DType dtype, MemorySegment bytes, long at, SplittableRandom random) {
      float value = (float) random.nextDouble(-1, 1);
      switch (dtype) {
        case F32, F16, BF16 -> put(dtype, bytes, at, value);
        case Q8_0, IQ4_NL -> put(DType.F16, bytes, at, value / 128);
        case Q4_0, Q5_0 -> put(DType.F16, bytes, at, value / 16);
        case Q4_1, Q5_1 -> putBoth(bytes, at, value / 32, value / 2);
        case Q2_K -> putBoth(bytes, at + 80, value / 64, value / 64);
        case Q3_K -> put(DType.F16, bytes, at + 108, value / 128);
        case Q4_K -> putBoth(bytes, at, value / 1024, value / 64);
        case Q5_K -> putBoth(bytes, at, value / 2048, value / 64);
        case Q6_K -> put(DType.F16, bytes, at + 208, value / 4096);
        case IQ4_XS -> put(DType.F16, bytes, at, value / 4096);
      }
    }

    private static void putBoth(MemorySegment bytes, long at, float scale, float minimum) {
      put(DType.F16, bytes, at, scale);
      put(DType.F16, bytes, at + Short.BYTES, minimum);
    }

    private static void put(DType dtype, MemorySegment bytes, long at, float value) {
      int bits = Float.floatToRawIntBits(value);
      switch (dtype) {
        case F32 -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
        case BF16 -> bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) (bits >>> 16));
        default -> bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(value));
      }
    }
  }
}
