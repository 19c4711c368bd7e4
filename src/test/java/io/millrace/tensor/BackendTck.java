package io.millrace.tensor;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static io.millrace.tensor.TensorRig.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link Backend} must compute: the same as {@link ReferenceBackend}, over all types and
 * awkward sizes, within a tolerance that grows with the number of terms added. The kit is a chain
 * of classes, by idea; here is what concerns rows by themselves.
 */
public abstract class BackendTck extends AttentionTck {
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
    float[][] few = topK(backend, infinite, new float[] {1, 1, 1, 1}, 2);
    assertThat(new float[] {few[0][0], few[1][0], few[2][0], few[3][0]})
        .containsExactly(-1, -1, -1, 0);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "13,13", "33,5", "300,64", "1000,128", "4098,128"})
  void shouldFindTheLargestFew(int cols, int k) {
    float[][] x = random(5, cols, 25);
    for (int i = 0; i < cols; i++) {
      x[1][i] = i % 3 - 1; // ties
      x[2][i] = i % 2 == 0 ? -0f : 0f;
      x[3][i] *= 1e20f;
    }
    x[4][cols - 1] = Float.MAX_VALUE;
    x[4][0] = -Float.MAX_VALUE;
    float[] factors = {0, 1, 0.5f, 1e-19f, 1};

    float[][] found = topK(backend, activation(backend, x), factors, k);

    float[][] expected = topK(reference, activation(reference, x), factors, k);
    for (int row = 0; row < x.length; row++) {
      assertThat(Arrays.copyOf(found[row], 2 * k)).isEqualTo(Arrays.copyOf(expected[row], 2 * k));
      assertThat(found[row][2 * k] / expected[row][2 * k]).isCloseTo(1, within(1e-5f));
    }
  }

  private static float[][] topK(Backend b, Activation x, float[] factors, int k) {
    Activation out = b.allocate(factors.length, 2 * k + 1);
    b.topK(x, factors, out);
    return read(b, out, factors.length);
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
}
