package io.millrace.tensor;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The judge, judged by hand. Its argument checks are those of the kit. */
class ReferenceBackendTest extends BackendTck {
  private final ReferenceBackend reference = new ReferenceBackend();

  @Override
  protected Backend create() {
    return new ReferenceBackend();
  }

  @Test
  void shouldMultiplyByTheTransposedWeight() {
    Weight w =
        reference.load(RandomTensor.of(new float[] {1, 2}, new float[] {3, 4}, new float[] {5, 6}));
    Activation out = reference.allocate(2, 3);

    reference.matmul(w, activation(reference, new float[] {1, 0}, new float[] {10, 1}), 2, out);

    assertThat(read(reference, out, 2)).isDeepEqualTo(new float[][] {{1, 3, 5}, {12, 34, 56}});
  }

  @Test
  void shouldNormalizeToUnitMeanSquare() {
    Activation x = activation(reference, new float[] {3, 4});

    reference.rmsNorm(x, reference.load(RandomTensor.of(new float[] {1, 2})), 12.5f, 1, x);

    assertThat(read(reference, x, 1)[0]).containsExactly(new float[] {0.6f, 1.6f}, within(1e-7f));
  }

  @Test
  void shouldRotateByAQuarterTurn() {
    Batch third = new Batch(new int[1], new int[] {3}, new int[1], new int[1][1], new int[0]);
    double[] frequencies = {Math.PI / 6, 0};
    Rope interleaved = new Rope(frequencies, Rope.Pairing.INTERLEAVED, 1);
    Rope halves = new Rope(frequencies, Rope.Pairing.HALF_SPLIT, 2);

    assertThat(rotated(interleaved, third, 1, 2, 3, 4, 5))
        .containsExactly(new float[] {-2, 1, 3, 4, 5}, within(1e-6f));
    assertThat(rotated(halves, third, 1, 2, 3, 4, 5))
        .containsExactly(new float[] {-6, 4, 2, 8, 5}, within(1e-6f));
  }

  private float[] rotated(Rope rope, Batch batch, float... query) {
    Activation queries = activation(reference, query);
    Activation keys = activation(reference, query);
    KvCache cache = reference.allocate(new KvCache.Shape(1, 1, query.length), 1, DType.F32);
    reference.rotateAndStore(queries, keys, activation(reference, query), rope, cache, 0, batch);
    assertThat(read(reference, keys, 1)).isDeepEqualTo(read(reference, queries, 1));
    return read(reference, queries, 1)[0];
  }

  @Test
  void shouldMixValuesBySoftmaxOfScores() {
    Batch both = new Batch(new int[2], new int[] {0, 1}, new int[2], new int[][] {{0}}, new int[0]);
    KvCache cache = reference.allocate(new KvCache.Shape(1, 1, 1), 1, DType.F32);
    Activation out = reference.allocate(2, 2);

    reference.rotateAndStore(
        activation(reference, new float[] {0}, new float[] {0}),
        activation(reference, new float[] {0}, new float[] {1}),
        activation(reference, new float[] {10}, new float[] {20}),
        new Rope(new double[0], Rope.Pairing.INTERLEAVED, 1),
        cache,
        0,
        both);
    Activation queries =
        activation(reference, new float[] {5, 7}, new float[] {0, (float) Math.log(3) / 2});
    reference.attention(queries, cache, 0, 2, 0, both, out);

    assertThat(read(reference, out, 2)[0]).containsExactly(10, 10);
    assertThat(read(reference, out, 2)[1]).containsExactly(new float[] {15, 17.5f}, within(1e-5f));
  }

  @Test
  void shouldGateBySigmoid() {
    Activation gate = activation(reference, new float[] {0, (float) Math.log(3)});

    reference.swiglu(gate, activation(reference, new float[] {9, 4}), 1);

    assertThat(read(reference, gate, 1)[0])
        .containsExactly(new float[] {0, (float) (3 * Math.log(3))}, within(1e-6f));
  }

  @Test
  void shouldRefuseWeightsThatAreNotFinite() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reference.load(RandomTensor.of(new float[] {1, Float.NaN})))
        .withMessageContaining("tensor given holds NaN in row 0");
  }
}
