package io.millrace.tensor;

import static io.millrace.tensor.DType.Q8_0;
import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static io.millrace.tensor.TensorRig.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link Backend} must compute: the same as {@link ReferenceBackend}, over all types and
 * awkward sizes, within a tolerance that grows with the number of terms added.
 */
public abstract class BackendTck {
  private static final int[] AWKWARD = {1, 13, 31, 33, 207};

  private Backend backend;
  private Backend reference;

  /** A new backend; the kit closes it. */
  protected abstract Backend create();

  /**
   * What to allow instead of a tolerance that f32 arithmetic keeps.
   *
   * @param dtype the coarsest type that takes part, keys and values included
   */
  protected double tolerated(double tolerance, DType dtype) {
    return tolerance;
  }

  @BeforeEach
  void open() {
    backend = create();
    reference = new ReferenceBackend();
  }

  @AfterEach
  void close() {
    backend.close();
    reference.close();
  }

  @ParameterizedTest
  @EnumSource
  void shouldEmbed(DType dtype) {
    for (int cols : new int[] {1, 9, dtype.blockSize() == 256 ? 17 : 129}) {
      RandomTensor table = RandomTensor.of(dtype, 37, cols * dtype.blockSize(), 1);

      agree(
          0,
          b -> {
            Activation out = b.allocate(6, table.cols());
            b.embed(b.load(table), tokens(0, 36, 17, 15, 16, 17), out);
            return read(b, out, 6);
          });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 31, 33, 207, 4098})
  void shouldNormalize(int cols) {
    float[][] x = random(5, cols, 2);
    RandomTensor gain = RandomTensor.of(DType.F16, 1, cols, 3);

    agree(
        2e-6,
        b -> {
          Activation in = activation(b, x);
          Activation out = b.allocate(7, cols);
          b.rmsNorm(in, b.load(gain), 1e-5f, 5, out);
          return read(b, out, 5);
        });
  }

  @ParameterizedTest
  @ValueSource(floats = {1e-5f, 0.5f})
  void shouldNormalizeInPlace(float epsilon) {
    float[][] x = random(3, 40, 4);

    agree(
        2e-6,
        b -> {
          Activation inPlace = activation(b, x);
          b.rmsNorm(inPlace, b.load(RandomTensor.of(DType.F32, 1, 40, 5)), epsilon, 2, inPlace);
          return read(b, inPlace, 3);
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 31, 33, 207, 4098})
  void shouldAddAndNormalize(int cols) {
    float[][] stream = random(5, cols, 2);
    float[][] added = random(5, cols, 23);
    RandomTensor gain = RandomTensor.of(DType.F16, 1, cols, 3);

    agree(
        2e-6,
        b -> {
          Activation x = activation(b, stream);
          Activation delta = activation(b, added);
          Activation out = b.allocate(5, cols);
          b.addRmsNorm(x, delta, b.load(gain), 1e-5f, 2, out);
          b.addRmsNorm(x, delta, b.load(gain), 1e-5f, 4, delta);
          return concatenate(concatenate(read(b, x, 5), read(b, out, 5)), read(b, delta, 5));
        });
  }

  @ParameterizedTest
  @CsvSource({"1,8", "3,16", "4,20", "2,31", "5,1", "8,128"})
  void shouldNormalizeEachHeadByItself(int heads, int headDim) {
    float[][] x = random(3, heads * headDim, 16);

    agree(
        2e-6,
        b -> {
          Activation inPlace = activation(b, x);
          b.rmsNorm(inPlace, b.load(RandomTensor.of(DType.F32, 1, headDim, 17)), 1e-5f, 2, inPlace);
          return read(b, inPlace, 3);
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 32, 207})
  void shouldAddABiasToEachRow(int cols) {
    float[][] x = random(3, cols, 18);

    agree(
        0,
        b -> {
          Activation inPlace = activation(b, x);
          b.addBias(inPlace, b.load(RandomTensor.of(DType.F16, 1, cols, 19)), 2);
          return read(b, inPlace, 3);
        });
  }

  @ParameterizedTest
  @EnumSource
  void shouldMultiplyByAwkwardShapes(DType dtype) {
    for (int rows : AWKWARD) {
      for (int size : dtype.blockSize() == 256 ? new int[] {1, 5} : new int[] {1, 7, 33}) {
        for (int columns : new int[] {1, 3, 4, 9}) {
          matmul(dtype, rows, size * dtype.blockSize(), columns);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldMultiplyLongRows(DType dtype) {
    int cols =
        dtype.blockSize() == 1 ? 4098 : Math.ceilDiv(4098, dtype.blockSize()) * dtype.blockSize();

    for (int columns : new int[] {1, 2, 7}) {
      matmul(dtype, 33, cols, columns);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldMultiplyAnyNumberOfTokens(DType dtype) {
    IntStream.concat(IntStream.rangeClosed(1, 40), IntStream.of(130))
        .forEach(columns -> matmul(dtype, 49, Math.max(288, 2 * dtype.blockSize()), columns));
  }

  @Test
  void shouldMultiplyManyRows() {
    matmul(DType.Q8_0, 4098, 64, 1);
    matmul(DType.Q8_0, 4098, 64, 5);
  }

  @ParameterizedTest
  @EnumSource
  void shouldMultiplyOneInputBySeveralWeights(DType dtype) {
    int cols = Math.max(64, dtype.blockSize());
    int[] rows = {33, 1, 20, 66, 5};
    DType[] types = {dtype, dtype, DType.F16, dtype, dtype};

    for (int columns : new int[] {1, 3, 20}) {
      float[][] x = random(columns, cols, 24);
      agree(
          tolerated(5e-7 * Math.sqrt(cols), dtype),
          b -> {
            List<Weight> weights = new ArrayList<>();
            List<Activation> outs = new ArrayList<>();
            for (int i = 0; i < rows.length; i++) {
              weights.add(b.load(RandomTensor.of(types[i], rows[i], cols, 25 + i)));
              outs.add(b.allocate(columns + 1, rows[i]));
            }
            b.matmul(weights, activation(b, x), columns, outs);
            return new float[][] {
              outs.stream()
                  .flatMap(out -> Arrays.stream(read(b, out, columns + 1)))
                  .reduce(new float[0], BackendTck::concatenate)
            };
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldMultiplyAndGate(DType dtype) {
    for (int rows : AWKWARD) {
      for (int columns : new int[] {1, 3, 8, 16, 33}) {
        matmulSwiglu(dtype, dtype, rows, 2 * dtype.blockSize(), columns);
      }
    }
  }

  @Test
  void shouldGateByAWeightOfAnotherType() {
    matmulSwiglu(DType.Q8_0, DType.F16, 33, 64, 1);
    matmulSwiglu(DType.F16, DType.Q4_0, 33, 64, 20);
  }

  private void matmulSwiglu(DType gate, DType up, int rows, int cols, int columns) {
    RandomTensor gates = RandomTensor.of(gate, rows, cols, 30);
    RandomTensor ups = RandomTensor.of(up, rows, cols, 31);
    float[][] x = random(columns, cols, 32);

    agree(
        tolerated(5e-7 * Math.sqrt(cols), gate),
        b -> {
          Activation out = b.allocate(columns + 1, rows);
          Activation scratch = b.allocate(columns + 1, rows);
          b.matmulSwiglu(b.load(gates), b.load(ups), activation(b, x), columns, out, scratch);
          return read(b, out, columns + 1);
        });
  }

  private void matmul(DType dtype, int rows, int cols, int columns) {
    RandomTensor weight = RandomTensor.of(dtype, rows, cols, 6);
    float[][] x = random(columns, cols, 7);

    agree(
        tolerated(5e-7 * Math.sqrt(cols), dtype),
        b -> {
          Activation in = activation(b, x);
          Activation out = b.allocate(columns + 1, rows);
          b.matmul(b.load(weight), in, columns, out);
          return read(b, out, columns + 1);
        });
  }

  @ParameterizedTest
  @CsvSource({"8,8", "16,16", "48,48", "80,80", "128,128", "256,256", "64,32", "80,20"})
  void shouldRotate(int headDim, int rotated) {
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(10_000, -2.0 * i / rotated);
    }
    float[][] x = random(4, 3 * headDim, 8);
    Batch batch = apart(0, 7, 8, 131_071);

    for (Rope.Pairing pairing : Rope.Pairing.values()) {
      for (float scale : new float[] {1, 1.25f}) {
        Rope rope = new Rope(frequencies, pairing, scale);

        agree(1e-6, b -> rotate(b, x, headDim, rope, batch));
      }
    }
  }

  @Test
  void shouldRotateByABaseThatGrowsWithThePosition() {
    Rope rope =
        new Rope(
            new double[] {1, 0.1, 0.01},
            Rope.Pairing.HALF_SPLIT,
            1,
            Optional.of(new Rope.DynamicNtk(4, 16)));
    float[][] x = random(4, 12, 20);

    agree(1e-6, b -> rotate(b, x, 6, rope, apart(3, 15, 16, 40)));
  }

  @Test
  void shouldRotateByTheBatchAtHand() {
    Rope slow = new Rope(new double[] {1, 0.1}, Rope.Pairing.HALF_SPLIT, 1);
    Rope fast = new Rope(new double[] {2, 0.5}, Rope.Pairing.HALF_SPLIT, 1);
    float[][] x = random(2, 8, 9);

    agree(
        1e-6,
        b -> {
          float[][] rotated = rotate(b, x, 4, slow, apart(3, 4));
          rotated = rotate(b, rotated, 4, slow, apart(5, 1));
          rotated = rotate(b, rotated, 4, fast, apart(5, 1));
          return rotate(b, rotated, 8, slow, apart(5, 1));
        });
  }

  /** The rows as queries and, in their place, the same rows as keys. */
  private static float[][] rotate(Backend b, float[][] x, int headDim, Rope rope, Batch batch) {
    Activation queries = activation(b, x);
    Activation keys = activation(b, x);
    int kvHeads = x[0].length / headDim;
    try (KvCache cache = b.allocate(new KvCache.Shape(1, kvHeads, headDim), x.length, DType.F32)) {
      b.rotateAndStore(queries, keys, activation(b, x), rope, cache, 0, batch);
      float[][] rotated = read(b, queries, x.length);
      assertThat(read(b, keys, x.length)).isDeepEqualTo(rotated);
      return rotated;
    }
  }

  /** A token of each of some sequences, whose pages are all the same. */
  private static Batch apart(int... positions) {
    int n = positions.length;
    int[][] pages = new int[n][];
    Arrays.setAll(pages, s -> new int[positions[s] / KvCache.PAGE_TOKENS + 1]);
    for (int s = 0; s < n; s++) {
      Arrays.fill(pages[s], s);
    }
    return new Batch(new int[n], positions, IntStream.range(0, n).toArray(), pages, new int[0]);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,8,F32", "2,1,16,F32", "2,2,48,F32", "8,2,64,F32", "8,1,80,F32", "4,4,128,F32",
    "3,1,256,F32", "6,3,36,F32", "16,2,32,F32", "5,5,2,F32", "12,1,16,F32", "7,1,100,F32",
    "8,2,64,F16", "6,3,36,F16", "8,2,64,Q8_0", "3,1,256,Q8_0", "16,2,32,Q8_0", "5,1,96,Q8_0"
  })
  void shouldAttend(int heads, int kvHeads, int headDim, DType type) {
    double tolerance = tolerated(rounding(type, 3e-6), type);
    for (int window : type == DType.F32 ? new int[] {0, 1, 5, 33, 96} : new int[] {0, 33}) {
      agree(tolerance, b -> attention(b, heads, kvHeads, headDim, type, window, 0.4f));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "Q8_0"})
  void shouldAttendSharply(DType type) {
    double tolerance = tolerated(rounding(type, 1e-5), type);
    agree(tolerance, b -> attention(b, 4, 2, 64, type, 0, 8f));
  }

  /** A key or value that was computed a little differently may be rounded the other way. */
  private static double rounding(DType type, double f32) {
    return switch (type) {
      case F16 -> 100 * f32;
      case Q8_0 -> 2000 * f32;
      default -> f32;
    };
  }

  /**
   * Three sequences with scattered pages, one of them shared, in a cache that is full of other
   * numbers: prefill in two chunks beside decoding ones.
   */
  private static float[][] attention(
      Backend b, int heads, int kvHeads, int headDim, DType type, int window, float scale) {
    int[][] pages = {{6, 2, 8, 0}, {6, 5}, {1}};
    Batch prefill = ragged(pages, 0, 0, 70, 1, 32, 5);
    Batch mixed = ragged(pages, 0, 70, 31, 2, 0, 1, 1, 37, 1);
    Batch decode = ragged(pages, 2, 1, 1, 0, 101, 1, 1, 38, 1);
    KvCache.Shape shape = new KvCache.Shape(2, kvHeads, headDim);
    Rope rope = Rope.standard(headDim / 2 * 2, 10_000, Rope.Pairing.HALF_SPLIT);
    float[][] mixing = new float[0][];
    try (KvCache cache = b.allocate(shape, 9, type)) {
      fill(b, cache, heads * headDim);
      int seed = 10;
      for (Batch batch : new Batch[] {prefill, mixed, decode}) {
        int n = batch.size();
        for (int layer = 0; layer < 2; layer++) {
          Activation keys = activation(b, random(n, kvHeads * headDim, seed++));
          Activation values = activation(b, random(n, kvHeads * headDim, seed++));
          Activation queries = activation(b, random(n, heads * headDim, seed++));
          Activation out = b.allocate(n, heads * headDim);
          b.rotateAndStore(queries, keys, values, rope, cache, layer, batch);
          b.attention(queries, cache, layer, scale, window, batch, out);
          mixing = concatenate(mixing, read(b, out, n));
        }
      }
    }
    return mixing;
  }

  @ParameterizedTest
  @CsvSource({"2,1,0", "2,1,1030", "8,2,0", "3,3,700", "1,1,0"})
  void shouldAttendOverLongContexts(int heads, int kvHeads, int window) {
    int headDim = 8;
    int[][] pages = {IntStream.range(0, 70).toArray(), IntStream.range(70, 72).toArray()};
    Batch prompts = ragged(pages, 0, 0, 2200, 1, 0, 40);
    Batch decode = ragged(pages, 0, 2199, 1, 1, 38, 2);
    Rope rope = Rope.standard(headDim, 10_000, Rope.Pairing.INTERLEAVED);

    agree(
        tolerated(3e-6, DType.F32),
        b -> {
          try (KvCache cache = b.allocate(new KvCache.Shape(1, kvHeads, headDim), 72, DType.F32)) {
            int n = prompts.size();
            Activation prompt = activation(b, random(n, heads * headDim, 30));
            Activation keys = activation(b, random(n, kvHeads * headDim, 31));
            Activation values = activation(b, random(n, kvHeads * headDim, 32));
            Activation queries = activation(b, random(3, heads * headDim, 33));
            Activation out = b.allocate(3, heads * headDim);
            b.rotateAndStore(prompt, keys, values, rope, cache, 0, prompts);
            b.attention(queries, cache, 0, 2f, window, decode, out);
            return read(b, out, 3);
          }
        });
  }

  /** Leaves infinities in every slot, as pages of sequences that went wrong might. */
  private static void fill(Backend b, KvCache cache, int queryCols) {
    int slots = cache.pages() * KvCache.PAGE_TOKENS;
    float[][] huge = new float[slots][cache.shape().rowElements()];
    for (float[] row : huge) {
      Arrays.fill(row, 3e38f);
    }
    int[][] pages = {IntStream.range(0, cache.pages()).toArray()};
    Activation infinite = activation(b, huge);
    add(b, infinite, activation(b, huge));
    Rope still = new Rope(new double[0], Rope.Pairing.INTERLEAVED, 1);
    Activation queries = b.allocate(slots, queryCols);
    for (int layer = 0; layer < cache.shape().layers(); layer++) {
      Batch all = ragged(pages, 0, 0, slots);
      b.rotateAndStore(queries, infinite, infinite, still, cache, layer, all);
    }
  }

  /** A batch of parts: sequence, first position, count. */
  private static Batch ragged(int[][] pages, int... parts) {
    int[] positions = {};
    int[] sequences = {};
    for (int part = 0; part < parts.length; part += 3) {
      int sequence = parts[part];
      int first = parts[part + 1];
      int count = parts[part + 2];
      positions = concatenate(positions, IntStream.range(first, first + count).toArray());
      sequences = concatenate(sequences, IntStream.generate(() -> sequence).limit(count).toArray());
    }
    return new Batch(new int[positions.length], positions, sequences, pages, new int[0]);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 31, 33, 207, 4098})
  void shouldGate(int cols) {
    float[][] gate = random(5, cols, 11);
    float[][] up = random(5, cols, 12);

    agree(
        1e-6,
        b -> {
          Activation x = activation(b, gate);
          Activation y = activation(b, up);
          b.swiglu(x, y, 4);
          return read(b, x, 5);
        });
  }

  @Test
  void shouldGateExtremes() {
    float[][] gate = {{-1e30f, -200, -100, -88, -20, -1e-20f, -0f, 0, 1e-20f, 20, 88, 100, 1e30f}};
    float[][] up = {new float[gate[0].length]};
    Arrays.fill(up[0], 1e-25f);

    agree(
        1e-6,
        b -> {
          Activation x = activation(b, gate);
          b.swiglu(x, activation(b, up), 1);
          return read(b, x, 1);
        });
  }

  @Test
  void shouldGather() {
    agree(
        0,
        b -> {
          Activation out = b.allocate(4, 33);
          b.gather(activation(b, random(9, 33, 13)), new int[] {8, 0, 3}, out);
          return read(b, out, 4);
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 33, 1000})
  void shouldFindTheLargest(int cols) {
    float[][] x = random(4, cols, 22);
    Arrays.fill(x[1], -Float.MAX_VALUE / 2);
    x[2][cols / 2] = x[2][cols - 1] = 2;

    float[][] columns = argmax(activation(backend, x));

    assertThat(columns).isDeepEqualTo(argmax(activation(reference, x), reference));
    assertThat(columns[1]).containsExactly(0);
    assertThat(columns[2]).containsExactly(cols / 2);
  }

  @Test
  void shouldFindNoLargestAmongWhatIsNotFinite() {
    float[][] huge = new float[4][600];
    huge[0][599] = huge[2][1] = Float.MAX_VALUE;
    huge[1][0] = -Float.MAX_VALUE;
    float[][] negative = new float[4][600];
    negative[2][1] = -Float.MAX_VALUE;
    Activation infinite = activation(backend, huge);
    Activation opposite = activation(backend, negative);
    add(backend, infinite, activation(backend, huge));
    add(backend, opposite, activation(backend, negative));
    add(backend, infinite, opposite);

    float[][] columns = argmax(infinite);

    assertThat(columns[0]).as("infinity").containsExactly(-1);
    assertThat(columns[1]).as("minus infinity").containsExactly(-1);
    assertThat(columns[2]).as("NaN").containsExactly(-1);
    assertThat(columns[3]).as("zeros").containsExactly(0);
  }

  /** {@code x = x + y}, beyond what is finite too; {@code y} is lost. */
  private static void add(Backend b, Activation x, Activation y) {
    float[] ones = new float[x.cols()];
    Arrays.fill(ones, 1);
    b.addRmsNorm(x, y, b.load(RandomTensor.of(ones)), 1e-5f, x.rows(), y);
  }

  private float[][] argmax(Activation x) {
    return argmax(x, backend);
  }

  private static float[][] argmax(Activation x, Backend b) {
    Activation out = b.allocate(x.rows(), 1);
    b.argmax(x, x.rows(), out);
    return read(b, out, x.rows());
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "Q8_0"})
  void shouldCountTheBytesOfItsCache(DType type) {
    KvCache.Shape shape = new KvCache.Shape(3, 2, 64);

    try (KvCache cache = backend.allocate(shape, 5, type)) {
      assertThat(cache.bytes()).isEqualTo(5 * backend.pageBytes(shape, type));
      assertThat(backend.pageBytes(shape, type)).isPositive();
      assertThat(cache.pages()).isEqualTo(5);
      assertThat(cache.shape()).isEqualTo(shape);
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldDescribeItsWeights(DType dtype) {
    Weight weight = backend.load(RandomTensor.of(dtype, 20, 256, 14));

    assertThat(weight.dtype()).isEqualTo(dtype);
    assertThat(weight.rows()).isEqualTo(20);
    assertThat(weight.cols()).isEqualTo(256);
    assertThat(weight.bytes()).isPositive();
  }

  @Test
  void shouldRefuseShapesThatDoNotFit() {
    Weight w = backend.load(RandomTensor.of(DType.F32, 4, 8, 15));
    Activation eight = backend.allocate(2, 8);
    Activation four = backend.allocate(2, 4);

    refuses("x has 4 columns and out 4", () -> backend.matmul(w, four, 1, backend.allocate(2, 4)));
    refuses("3 rows asked, x has room for 2", () -> backend.matmul(w, eight, 3, four));
    refuses("expected [1, 8]", () -> backend.rmsNorm(eight, w, 1e-5f, 1, eight));
    refuses("expected [1, 8]", () -> backend.addBias(eight, w, 1));
    refuses("token 4 is not in the table of 4", () -> backend.embed(w, tokens(0, 4), eight));
    refuses("token -1 is not in the table", () -> backend.embed(w, tokens(-1), eight));
    refuses("8 columns, the first 4", () -> backend.swiglu(four, eight, 1));
    refuses("8 columns, the first 4", () -> backend.addRmsNorm(four, eight, w, 1e-5f, 1, four));
    refuses(
        "1 weights and 2 outs", () -> backend.matmul(List.of(w), eight, 1, List.of(four, four)));
    refuses(
        "x has 8 columns and out 8",
        () -> backend.matmulSwiglu(w, w, eight, 1, four, backend.allocate(1, 8)));
    refuses(
        "row 2 of an activation of 2",
        () -> backend.gather(eight, new int[] {2}, backend.allocate(1, 8)));
    refuses("expected at least [1, 1]", () -> backend.allocate(0, 3));
  }

  @Test
  void shouldRefusePagesItDoesNotHave() {
    KvCache.Shape shape = new KvCache.Shape(1, 1, 8);
    Activation row = backend.allocate(1, 8);

    Rope rope = Rope.standard(8, 10_000, Rope.Pairing.INTERLEAVED);

    try (KvCache cache = backend.allocate(shape, 2, DType.F32)) {
      BiConsumer<Integer, Batch> store =
          (layer, batch) -> backend.rotateAndStore(row, row, row, rope, cache, layer, batch);
      refuses("page 2 of a cache of 2", () -> store.accept(0, ragged(new int[][] {{2}}, 0, 0, 1)));
      refuses("page -1 of a cache", () -> store.accept(0, ragged(new int[][] {{-1}}, 0, 0, 1)));
      refuses(
          "position 32 of sequence 0", () -> store.accept(0, ragged(new int[][] {{1}}, 0, 32, 1)));
      refuses("layer 1 of a cache of 1", () -> store.accept(1, ragged(new int[][] {{1}}, 0, 0, 1)));
    }
  }

  @Test
  void shouldRefuseCachesThatCannotBe() {
    KvCache.Shape shape = new KvCache.Shape(1, 1, 80);

    refuses("heads of 80 elements cannot be kept in Q8_0", () -> backend.allocate(shape, 1, Q8_0));
    refuses("heads of 80 elements cannot be kept in Q8_0", () -> backend.pageBytes(shape, Q8_0));
    refuses("cannot be kept in Q4_K", () -> backend.allocate(shape, 1, DType.Q4_K));
    refuses("0 pages of keys and values", () -> backend.allocate(shape, 0, DType.F32));
  }

  private static void refuses(String message, Runnable call) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContaining(message);
  }

  /**
   * Runs a program on the backend and on the reference; no element may differ by more than
   * tolerance · (1 + largest).
   */
  protected final void agree(double tolerance, Function<Backend, float[][]> program) {
    float[][] found = program.apply(backend);
    float[][] expected = program.apply(reference);

    double largest = 0;
    for (float[] row : expected) {
      for (float value : row) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    double allowed = tolerance * (1 + largest);
    assertThat(found).hasDimensions(expected.length, expected[0].length);
    for (int row = 0; row < expected.length; row++) {
      for (int col = 0; col < expected[row].length; col++) {
        if (!(Math.abs(found[row][col] - expected[row][col]) <= allowed)) {
          assertThat(found[row][col])
              .as("row %d, column %d", row, col)
              .isCloseTo(expected[row][col], within((float) allowed));
        }
      }
    }
  }

  private static int[] concatenate(int[] a, int[] b) {
    return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
  }

  private static float[] concatenate(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static float[][] concatenate(float[][] a, float[][] b) {
    return Stream.of(a, b).flatMap(Arrays::stream).toArray(float[][]::new);
  }
}
