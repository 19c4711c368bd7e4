package io.millrace.tensor;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.add;
import static io.millrace.tensor.TensorRig.concatenate;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static io.millrace.tensor.TensorRig.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations on the rows of activations. */
interface RowsTck extends BackendPair {
  @ParameterizedTest
  @EnumSource
  default void shouldEmbed(DType dtype) {
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
  default void shouldNormalize(int cols) {
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
  default void shouldNormalizeInPlace(float epsilon) {
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
  default void shouldAddAndNormalize(int cols) {
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
  default void shouldNormalizeEachHeadByItself(int heads, int headDim) {
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
  default void shouldAddABiasToEachRow(int cols) {
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
  default void shouldGate(int cols) {
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
  default void shouldGateExtremes() {
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
  default void shouldGather() {
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
  default void shouldFindTheLargest(int cols) {
    float[][] x = random(4, cols, 22);
    Arrays.fill(x[1], -Float.MAX_VALUE / 2);
    x[2][cols / 2] = x[2][cols - 1] = 2;

    float[][] columns = argmax(activation(backend(), x));

    assertThat(columns).isDeepEqualTo(argmax(activation(reference(), x), reference()));
    assertThat(columns[1]).containsExactly(0);
    assertThat(columns[2]).containsExactly(cols / 2);
  }

  @Test
  default void shouldFindNoLargestAmongWhatIsNotFinite() {
    float[][] huge = new float[4][600];
    huge[0][599] = huge[2][1] = Float.MAX_VALUE;
    huge[1][0] = -Float.MAX_VALUE;
    float[][] negative = new float[4][600];
    negative[2][1] = -Float.MAX_VALUE;
    Activation infinite = activation(backend(), huge);
    Activation opposite = activation(backend(), negative);
    add(backend(), infinite, activation(backend(), huge));
    add(backend(), opposite, activation(backend(), negative));
    add(backend(), infinite, opposite);

    float[][] columns = argmax(infinite);

    assertThat(columns[0]).as("infinity").containsExactly(-1);
    assertThat(columns[1]).as("minus infinity").containsExactly(-1);
    assertThat(columns[2]).as("NaN").containsExactly(-1);
    assertThat(columns[3]).as("zeros").containsExactly(0);
  }

  private float[][] argmax(Activation x) {
    return argmax(x, backend());
  }

  private static float[][] argmax(Activation x, Backend b) {
    Activation out = b.allocate(x.rows(), 1);
    b.argmax(x, x.rows(), out);
    return read(b, out, x.rows());
  }
}
