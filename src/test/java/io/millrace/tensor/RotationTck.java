package io.millrace.tensor;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rotary embedding of queries and keys. */
interface RotationTck extends BackendPair {
  @ParameterizedTest
  @CsvSource({"8,8", "16,16", "48,48", "80,80", "128,128", "256,256", "64,32", "80,20"})
  default void shouldRotate(int headDim, int rotated) {
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
  default void shouldRotateByABaseThatGrowsWithThePosition() {
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
  default void shouldRotateByTheBatchAtHand() {
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
}
