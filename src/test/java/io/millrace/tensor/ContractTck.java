package io.millrace.tensor;

import static io.millrace.tensor.DType.Q8_0;
import static io.millrace.tensor.TensorRig.ragged;
import static io.millrace.tensor.TensorRig.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a backend tells of itself, and what it refuses. */
interface ContractTck extends BackendPair {
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "Q8_0"})
  default void shouldCountTheBytesOfItsCache(DType type) {
    KvCache.Shape shape = new KvCache.Shape(3, 2, 64);

    try (KvCache cache = backend().allocate(shape, 5, type)) {
      assertThat(cache.bytes()).isEqualTo(5 * backend().pageBytes(shape, type));
      assertThat(backend().pageBytes(shape, type)).isPositive();
      assertThat(cache.pages()).isEqualTo(5);
      assertThat(cache.shape()).isEqualTo(shape);
    }
  }

  @ParameterizedTest
  @EnumSource
  default void shouldDescribeItsWeights(DType dtype) {
    Weight weight = backend().load(RandomTensor.of(dtype, 20, 256, 14));

    assertThat(weight.dtype()).isEqualTo(dtype);
    assertThat(weight.rows()).isEqualTo(20);
    assertThat(weight.cols()).isEqualTo(256);
    assertThat(weight.bytes()).isPositive();
  }

  @Test
  default void shouldRefuseShapesThatDoNotFit() {
    Weight w = backend().load(RandomTensor.of(DType.F32, 4, 8, 15));
    Activation eight = backend().allocate(2, 8);
    Activation four = backend().allocate(2, 4);

    refuses(
        "x has 4 columns and out 4", () -> backend().matmul(w, four, 1, backend().allocate(2, 4)));
    refuses("3 rows asked, x has room for 2", () -> backend().matmul(w, eight, 3, four));
    refuses("expected [1, 8]", () -> backend().rmsNorm(eight, w, 1e-5f, 1, eight));
    refuses("expected [1, 8]", () -> backend().addBias(eight, w, 1));
    refuses("token 4 is not in the table of 4", () -> backend().embed(w, tokens(0, 4), eight));
    refuses("token -1 is not in the table", () -> backend().embed(w, tokens(-1), eight));
    refuses("8 columns, the first 4", () -> backend().swiglu(four, eight, 1));
    refuses("8 columns, the first 4", () -> backend().addRmsNorm(four, eight, w, 1e-5f, 1, four));
    refuses(
        "1 weights and 2 outs", () -> backend().matmul(List.of(w), eight, 1, List.of(four, four)));
    refuses(
        "x has 8 columns and out 8",
        () -> backend().matmulSwiglu(w, w, eight, 1, four, backend().allocate(1, 8)));
    refuses(
        "row 2 of an activation of 2",
        () -> backend().gather(eight, new int[] {2}, backend().allocate(1, 8)));
    refuses("expected at least [1, 1]", () -> backend().allocate(0, 3));
  }

  @Test
  default void shouldRefusePagesItDoesNotHave() {
    KvCache.Shape shape = new KvCache.Shape(1, 1, 8);
    Activation row = backend().allocate(1, 8);

    Rope rope = Rope.standard(8, 10_000, Rope.Pairing.INTERLEAVED);

    try (KvCache cache = backend().allocate(shape, 2, DType.F32)) {
      BiConsumer<Integer, Batch> store =
          (layer, batch) -> backend().rotateAndStore(row, row, row, rope, cache, layer, batch);
      refuses("page 2 of a cache of 2", () -> store.accept(0, ragged(new int[][] {{2}}, 0, 0, 1)));
      refuses("page -1 of a cache", () -> store.accept(0, ragged(new int[][] {{-1}}, 0, 0, 1)));
      refuses(
          "position 32 of sequence 0", () -> store.accept(0, ragged(new int[][] {{1}}, 0, 32, 1)));
      refuses("layer 1 of a cache of 1", () -> store.accept(1, ragged(new int[][] {{1}}, 0, 0, 1)));
    }
  }

  @Test
  default void shouldRefuseCachesThatCannotBe() {
    KvCache.Shape shape = new KvCache.Shape(1, 1, 80);

    refuses(
        "heads of 80 elements cannot be kept in Q8_0", () -> backend().allocate(shape, 1, Q8_0));
    refuses("heads of 80 elements cannot be kept in Q8_0", () -> backend().pageBytes(shape, Q8_0));
    refuses("cannot be kept in Q4_K", () -> backend().allocate(shape, 1, DType.Q4_K));
    refuses("0 pages of keys and values", () -> backend().allocate(shape, 0, DType.F32));
  }

  private static void refuses(String message, Runnable call) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContaining(message);
  }
}
