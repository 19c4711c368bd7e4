package io.millrace.tensor;

import java.util.Random;
import java.util.stream.IntStream;

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
}
