package io.millrace.tensor;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The part of {@link BackendTck} about products with weights. */
abstract class ProductTck extends BackendAgreement {
  private static final int[] AWKWARD = {1, 13, 31, 33, 207};

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
}
