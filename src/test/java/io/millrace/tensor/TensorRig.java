package io.millrace.tensor;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Brings arrays into a backend and out again. */
public final class TensorRig {
  private TensorRig() {}

  /** Random rows between -1 and 1. */
  public static float[][] random(int rows, int cols, long seed) {
    Random random = new Random(seed);
    float[][] values = new float[rows][cols];
    for (float[] row : values) {
      for (int i = 0; i < cols; i++) {
        row[i] = random.nextFloat(-1, 1);
      }
    }
    return values;
  }

  /** An activation that holds the given rows: an embedding table of them, looked up. */
  public static Activation activation(Backend backend, float[]... values) {
    Activation activation = backend.allocate(values.length, values[0].length);
    Weight table = backend.load(RandomTensor.of(values));
    backend.embed(table, tokens(IntStream.range(0, values.length).toArray()), activation);
    return activation;
  }

  /** A batch of tokens of one sequence without pages, at positions from 0. */
  public static Batch tokens(int... tokens) {
    return positions(tokens, IntStream.range(0, tokens.length).toArray());
  }

  /** A batch of one sequence without pages. */
  public static Batch positions(int[] tokens, int[] positions) {
    return new Batch(tokens, positions, new int[tokens.length], new int[1][0], new int[0]);
  }

  /** The first rows of an activation. */
  public static float[][] read(Backend backend, Activation activation, int rows) {
    backend.commit();
    float[][] values = new float[rows][activation.cols()];
    for (int row = 0; row < rows; row++) {
      backend.read(activation, row, values[row]);
    }
    return values;
  }

  /** A batch of parts: sequence, first position, count. */
  static Batch ragged(int[][] pages, int... parts) {
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

  /** {@code x = x + y}, beyond what is finite too; {@code y} is lost. */
  static void add(Backend b, Activation x, Activation y) {
    float[] ones = new float[x.cols()];
    Arrays.fill(ones, 1);
    b.addRmsNorm(x, y, b.load(RandomTensor.of(ones)), 1e-5f, x.rows(), y);
  }

  static int[] concatenate(int[] a, int[] b) {
    return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
  }

  static float[] concatenate(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  static float[][] concatenate(float[][] a, float[][] b) {
    return Stream.of(a, b).flatMap(Arrays::stream).toArray(float[][]::new);
  }
}
