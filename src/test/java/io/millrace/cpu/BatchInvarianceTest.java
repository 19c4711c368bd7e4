package io.millrace.cpu;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.tensor.Activation;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.RandomTensor;
import io.millrace.tensor.Rope;
import io.millrace.tensor.Weight;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A token's results have the same bits in any company, in any place, on any number of threads. */
class BatchInvarianceTest {
  @ParameterizedTest
  @EnumSource
  void shouldMultiplyAlikeInAnyBatch(DType dtype) {
    RandomTensor weight =
        RandomTensor.of(dtype, 83, dtype.blockSize() == 256 ? 256 * 3 : 32 * 19, 1);
    float[][] x = random(40, weight.cols(), 2);
    float[][] alone = new float[x.length][];
    try (CpuBackend backend = new CpuBackend(1)) {
      for (int i = 0; i < x.length; i++) {
        alone[i] = multiply(backend, weight, x[i])[0];
      }
    }

    for (int threads = 1; threads <= 3; threads++) {
      try (CpuBackend backend = new CpuBackend(threads)) {
        for (int n = 1; n <= x.length; n++) {
          int first = n % 3 == 0 ? x.length - n : 0;

          float[][] together = multiply(backend, weight, Arrays.copyOfRange(x, first, first + n));

          assertThat(together)
              .as("%d tokens, %d threads", n, threads)
              .isDeepEqualTo(Arrays.copyOfRange(alone, first, first + n));
        }
      }
    }
  }

  private static float[][] multiply(CpuBackend backend, RandomTensor weight, float[]... x) {
    Weight w = backend.load(weight);
    Activation out = backend.allocate(x.length, w.rows());
    backend.matmul(w, activation(backend, x), x.length, out);
    return read(backend, out, x.length);
  }

  /** One layer's worth of everything but products, over a sequence of 75 tokens. */
  @Test
  void shouldAttendAlikeHoweverTheSequenceIsCut() {
    for (DType type : new DType[] {DType.F32, DType.F16, DType.Q8_0}) {
      float[][] whole = layer(1, 75, type);

      for (int threads = 1; threads <= 3; threads++) {
        for (int chunk : new int[] {1, 7, 32, 40, 75}) {
          assertThat(layer(threads, chunk, type))
              .as("chunks of %d, %d threads, %s", chunk, threads, type)
              .isDeepEqualTo(whole);
        }
      }
    }
  }

  /** Each pass holds a chunk of sequence 0, and as many tokens of another. */
  private static float[][] layer(int threads, int chunk, DType type) {
    int length = 75;
    int heads = 6;
    int kvHeads = 2;
    int headDim = 64;
    float[][] q = random(length, heads * headDim, 3);
    float[][] k = random(length, kvHeads * headDim, 4);
    float[][] v = random(length, kvHeads * headDim, 5);
    float[][] other = random(length, heads * headDim, 6);
    int[][] pages = {{4, 1, 3}, {5, 0, 2}};
    Rope rope = new Rope(new double[] {1, 0.3, 0.1}, Rope.Pairing.HALF_SPLIT, 1);
    float[][] result = new float[length][];
    try (CpuBackend backend = new CpuBackend(threads);
        KvCache cache = backend.allocate(new KvCache.Shape(1, kvHeads, headDim), 6, type)) {
      Weight gain = backend.load(RandomTensor.of(DType.F32, 1, heads * headDim, 7));
      for (int from = 0; from < length; from += chunk) {
        int n = Math.min(chunk, length - from);
        int start = from;
        int[] positions = IntStream.range(0, 2 * n).map(i -> start + i % n).toArray();
        int[] sequences = IntStream.range(0, 2 * n).map(i -> i < n ? 1 : 0).toArray();
        Batch batch = new Batch(new int[2 * n], positions, sequences, pages, new int[0]);
        Activation queries = activation(backend, pair(other, q, from, n));
        Activation keys = activation(backend, pair(v, k, from, n));
        Activation values = activation(backend, pair(k, v, from, n));
        Activation out = backend.allocate(2 * n, heads * headDim);

        backend.rmsNorm(queries, gain, 1e-5f, 2 * n, queries);
        backend.rotateAndStore(queries, keys, values, rope, cache, 0, batch);
        backend.attention(queries, cache, 0, 0.3f, 50, batch, out);
        backend.swiglu(out, queries, 2 * n);
        backend.addRmsNorm(out, queries, gain, 1e-5f, 2 * n, queries);

        System.arraycopy(read(backend, queries, 2 * n), n, result, from, n);
      }
    }
    return result;
  }

  private static float[][] pair(float[][] a, float[][] b, int from, int n) {
    float[][] rows = Arrays.copyOf(Arrays.copyOfRange(a, from, from + n), 2 * n);
    System.arraycopy(b, from, rows, n, n);
    return rows;
  }
}
