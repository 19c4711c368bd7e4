package io.millrace.tensor;

import static io.millrace.tensor.DType.Q8_0;
import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The part of {@link BackendTck} about rotary embedding, the KV cache, and attention over it. */
abstract class AttentionTck extends ProductTck {
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
    for (int window : new int[] {0, 33}) {
      agree(tolerance, b -> attention(b, heads, kvHeads, headDim, type, window, 0.4f));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 31, 32, 96})
  void shouldSeeAWindow(int window) {
    agree(tolerated(3e-6, DType.F32), b -> attention(b, 8, 2, 64, DType.F32, window, 0.4f));
    agree(tolerated(3e-6, DType.F32), b -> attention(b, 3, 1, 16, DType.F32, window, 0.4f));
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
}
