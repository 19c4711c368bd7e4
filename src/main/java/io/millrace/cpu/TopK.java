package io.millrace.cpu;

import java.util.Arrays;

/** Finds the largest elements of a row in one pass, with room for a few times as many. */
final class TopK {
  private static final int ROOM = 4;

  private TopK() {}

  /**
   * Writes what {@link io.millrace.tensor.Backend#topK} says for a row.
   *
   * @param from where the row begins in {@code x}
   * @param at where the result begins in {@code out}
   */
  static void find(float[] x, int from, int cols, float factor, int k, float[] out, int at) {
    long[] keys = new long[Math.min(ROOM * k, Math.max(cols, 1))];
    int size = 0;
    long bound = Long.MAX_VALUE;
    for (int col = 0; col < cols; col++) {
      float element = x[from + col];
      if (!Float.isFinite(element)) {
        out[at] = -1;
        return;
      }
      long key = key(element, col);
      if (key < bound) {
        keys[size++] = key;
        if (size == keys.length && k < size) {
          Arrays.sort(keys);
          size = k;
          bound = keys[k - 1];
        }
      }
    }
    Arrays.sort(keys, 0, size);
    float largest = x[from + (int) keys[0]];
    int[] columns = Arrays.stream(keys, 0, k).mapToInt(key -> (int) key).sorted().toArray();
    for (int i = 0; i < k; i++) {
      out[at + i] = columns[i];
      out[at + k + i] = x[from + columns[i]];
    }
    double sum = 0;
    for (int col = 0; col < cols; col++) {
      sum += Math.exp((double) (x[from + col] - largest) * factor);
    }
    out[at + 2 * k] = (float) sum;
  }

  /** Smaller for a larger element, then for a lower column. */
  private static long key(float element, int col) {
    int bits = Float.floatToIntBits(element + 0f); // turns -0 into 0
    int ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF);
    return ((long) ~ascending << 32) | col;
  }
}
