package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.tensor.Rope;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
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

  /** Runs all kernels; a few milliseconds on a GPU. */
  public static List<Result> run(Backend backend) {
    SelfCheck check = new SelfCheck(backend);
    for (DType dtype : MetalBackend.TYPES) {
      check.weights(dtype);
    }
    check.rows();
    for (int headDim : new int[] {32, 64, 128, 256}) {
      check.attention(headDim);
    }
    return List.copyOf(check.results);
  }

  /**
   * Refuses a backend that computes wrong numbers.
   *
   * @throws IllegalStateException naming the kernels
   */
  public static void require(Backend backend) {
    List<Result> wrong = run(backend).stream().filter(result -> !result.isRight()).toList();
    if (!wrong.isEmpty()) {
      throw new IllegalStateException(
          "%s computes wrong numbers, so it will not be used: %s; run millrace doctor"
              .formatted(backend.description(), wrong));
    }
  }

  private void weights(DType dtype) {
    String type = dtype.name().toLowerCase(Locale.ROOT);
    double tolerance = dtype == DType.F32 ? 1e-3 : 2e-2;
    Sample weight = new Sample(dtype, ROWS, COLS, 1);
    compare("embed " + type, 0, b -> rows(b, weight, 3));
    for (int columns : new int[] {1, 2, 4, 8, 40}) {
      String kernel = (columns > 8 ? "matmat " : "matvec ") + type + " x" + columns;
      compare(kernel, tolerance, b -> multiply(b, weight, columns));
    }
  }

  private static Activation multiply(Backend b, Sample weight, int columns) {
    Activation out = b.allocate(columns, weight.rows());
    b.matmul(b.load(weight), activation(b, columns, COLS, 2), columns, out);
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
    compare(
        "swiglu, add, gather",
        1e-4,
        b -> {
          Activation x = activation(b, 3, COLS, 5);
          b.swiglu(x, activation(b, 3, COLS, 6), 3);
          b.add(x, activation(b, 3, COLS, 7), 3);
          b.addBias(x, b.load(new Sample(DType.F16, 1, COLS, 8)), 3);
          Activation out = b.allocate(2, COLS);
          b.gather(x, new int[] {2, 0}, out);
          return out;
        });
    for (Rope.Pairing pairing : Rope.Pairing.values()) {
      Rope rope = Rope.standard(32, 10_000, pairing);
      compare(
          "rope " + pairing.name().toLowerCase(Locale.ROOT),
          1e-4,
          b -> {
            Activation x = activation(b, 3, COLS, 9);
            b.rope(x, 32, rope, batch(100, 3));
            return x;
          });
    }
  }

  /** Prefill of one and a half pages, then one more token, with a window at the end. */
  private void attention(int headDim) {
    compare(
        "attention " + headDim,
        2e-2,
        b -> {
          int prefill = PAGE_TOKENS + PAGE_TOKENS / 2;
          try (KvCache cache = b.allocate(new KvCache.Shape(1, 1, headDim), 3)) {
            attend(b, cache, headDim, batch(0, prefill), 0);
            Activation out = attend(b, cache, headDim, batch(prefill, 1), 20);
            b.commit();
            return out;
          }
        });
  }

  private static Activation attend(Backend b, KvCache cache, int headDim, Batch batch, int window) {
    int n = batch.size();
    Activation out = b.allocate(n, 2 * headDim);
    Activation keys = activation(b, n, headDim, 10);
    b.store(cache, 0, keys, activation(b, n, headDim, 11), batch);
    b.attention(
        activation(b, n, 2 * headDim, 12),
        cache,
        0,
        (float) (4 / Math.sqrt(headDim)),
        window,
        batch,
        out);
    return out;
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

  private static float[][] read(Backend b, Function<Backend, Activation> program) {
    Activation result = program.apply(b);
    b.commit();
    float[][] values = new float[result.rows()][result.cols()];
    for (int row = 0; row < values.length; row++) {
      b.read(result, row, values[row]);
    }
    return values;
  }

  /** Random elements between -1 and 1. */
  private record Sample(DType dtype, int rows, int cols, long seed) implements TensorSource {
    @Override
    public String name() {
      return "of the self-check";
    }

    @Override
    public MemorySegment map(Arena arena) {
      SplittableRandom random = new SplittableRandom(seed);
      MemorySegment bytes = arena.allocate(bytes());
      for (long at = 0; at < bytes.byteSize(); at += dtype.blockBytes()) {
        float value = (float) random.nextDouble(-1, 1);
        if (dtype == DType.F32) {
          bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, value);
        } else if (dtype == DType.BF16) {
          int bits = Float.floatToRawIntBits(value) >>> 16;
          bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) bits);
        } else {
          // A half, alone or as the scale of a block of bytes.
          float scale = dtype == DType.F16 ? 1 : 1 / 128f;
          short half = Float.floatToFloat16(value * scale);
          bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, half);
          for (int i = Short.BYTES; i < dtype.blockBytes(); i++) {
            bytes.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
          }
        }
      }
      return bytes;
    }
  }
}
