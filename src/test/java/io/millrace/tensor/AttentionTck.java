package io.millrace.tensor;

import static io.millrace.tensor.DType.Q8_0;
import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.add;
import static io.millrace.tensor.TensorRig.concatenate;
import static io.millrace.tensor.TensorRig.ragged;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention over the paged cache, for ragged batches. */
interface AttentionTck extends BackendPair {
  @ParameterizedTest
  @CsvSource({
    "1,1,8,F32", "2,1,16,F32", "2,2,48,F32", "8,2,64,F32", "8,1,80,F32", "4,4,128,F32",
    "3,1,256,F32", "6,3,36,F32", "16,2,32,F32", "5,5,2,F32", "12,1,16,F32", "7,1,100,F32",
    "8,2,64,F16", "6,3,36,F16", "8,2,64,Q8_0", "3,1,256,Q8_0", "16,2,32,Q8_0", "5,1,96,Q8_0"
  })
  default void shouldAttend(int heads, int kvHeads, int headDim, DType type) {
    double tolerance = tolerated(rounding(type, 3e-6), type);
    for (int window : type == DType.F32 ? new int[] {0, 1, 5, 33, 96} : new int[] {0, 33}) {
      agree(tolerance, b -> attention(b, heads, kvHeads, headDim, type, window, 0.4f));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "Q8_0"})
  default void shouldAttendSharply(DType type) {
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
  default void shouldAttendOverLongContexts(int heads, int kvHeads, int window) {
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
}
