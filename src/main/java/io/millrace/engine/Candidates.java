package io.millrace.engine;

import io.millrace.model.TopLogits;
import java.util.Arrays;

/**
 * The tokens that may come next, with weights proportional to their probabilities; the likeliest
 * weighs 1. Filled anew for every token, so that sampling allocates nothing.
 */
final class Candidates {
  private final int[] ids;
  private final float[] logits;
  private final double[] weights;
  private final long[] keys;
  private int size;

  Candidates(int vocabSize) {
    ids = new int[vocabSize];
    logits = new float[vocabSize];
    weights = new double[vocabSize];
    keys = new long[vocabSize];
  }

  /**
   * All tokens, in order of their ids, weighing {@code exp((logit - max) / temperature)}.
   *
   * @param all {@code [vocabSize]} logits; tokens at minus infinity are left out
   * @throws ArithmeticException when a logit is NaN or plus infinity, or none is finite
   */
  void fill(float[] all, double temperature) {
    float max = all[Logits.argmax(all)];
    size = 0;
    for (int id = 0; id < all.length; id++) {
      double weight = Math.exp((all[id] - max) / temperature);
      if (weight > 0) {
        ids[size] = id;
        logits[size] = all[id];
        weights[size++] = weight;
      }
    }
  }

  /**
   * The same from the largest logits alone.
   *
   * @return the least weight; no other token weighs more
   */
  double fill(TopLogits top, double temperature) {
    float max = top.logits()[0];
    for (float logit : top.logits()) {
      max = Math.max(max, logit);
    }
    size = 0;
    double least = 1;
    for (int i = 0; i < top.tokens().length; i++) {
      double weight = Math.exp((top.logits()[i] - max) / temperature);
      least = Math.min(least, weight);
      if (weight > 0) {
        ids[size] = top.tokens()[i];
        logits[size] = top.logits()[i];
        weights[size++] = weight;
      }
    }
    return least;
  }

  /** Keeps tokens that weigh at least {@code share} of the likeliest. */
  void keepAtLeast(double share) {
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (weights[i] >= share) {
        move(i, kept++);
      }
    }
    size = kept;
  }

  /** Keeps the {@code k} likeliest tokens; of equally likely ones those with the lower ids. */
  void keepLargest(int k) {
    if (k >= size) {
      return;
    }
    order(k);
    long last = keys[k - 1];
    int kept = 0;
    for (int i = 0; i < size; i++) {
      if (key(i) <= last) {
        move(i, kept++);
      }
    }
    size = kept;
  }

  /** Keeps the fewest of the likeliest tokens that together have at least {@code share} of all. */
  void keepMass(double share) {
    double wanted = share * total();
    // Most distributions are peaked: look at a few tokens before ordering all of them.
    for (int k = Math.min(64, size); ; k = (int) Math.min(8L * k, size)) {
      order(k);
      double mass = 0;
      for (int i = 0; i < k; i++) {
        mass += weights[indexOf(id(keys[i]))];
        if (mass >= wanted) {
          keepLargest(i + 1);
          return;
        }
      }
      if (k == size) {
        return;
      }
    }
  }

  /**
   * Keeps the fewest of the likeliest tokens that together weigh {@code wanted}, if it is certain
   * which these are although {@code wanted} may be wrong by a share of {@code margin}.
   */
  boolean keepMass(double wanted, double margin) {
    order(size);
    double mass = 0;
    for (int i = 0; i < size; i++) {
      mass += weights[indexOf(id(keys[i]))];
      if (mass >= wanted * (1 - margin)) {
        keepLargest(i + 1);
        return mass >= wanted * (1 + margin);
      }
    }
    return false;
  }

  /**
   * The token at which the running sum of weights, in order of ids, passes {@code uniform} of the
   * total.
   */
  int draw(double uniform) {
    double target = uniform * total();
    double sum = 0;
    for (int i = 0; i < size - 1; i++) {
      sum += weights[i];
      if (sum > target) {
        return ids[i];
      }
    }
    return ids[size - 1];
  }

  int size() {
    return size;
  }

  private double total() {
    double total = 0;
    for (int i = 0; i < size; i++) {
      total += weights[i];
    }
    return total;
  }

  private void move(int from, int to) {
    ids[to] = ids[from];
    logits[to] = logits[from];
    weights[to] = weights[from];
  }

  private int indexOf(int id) {
    return Arrays.binarySearch(ids, 0, size, id);
  }

  /** Sorts the {@code k} smallest keys, those of the likeliest tokens, to the front. */
  private void order(int k) {
    for (int i = 0; i < size; i++) {
      keys[i] = key(i);
    }
    select(k);
    Arrays.sort(keys, 0, k);
  }

  /** Hoare's quickselect: the {@code k} smallest keys come first, in any order. */
  private void select(int k) {
    int from = 0;
    int to = size - 1;
    while (from < to) {
      long pivot = keys[(from + to) >>> 1];
      int i = from;
      int j = to;
      while (i <= j) {
        while (keys[i] < pivot) {
          i++;
        }
        while (keys[j] > pivot) {
          j--;
        }
        if (i <= j) {
          long swap = keys[i];
          keys[i++] = keys[j];
          keys[j--] = swap;
        }
      }
      if (k - 1 <= j) {
        to = j;
      } else if (k - 1 >= i) {
        from = i;
      } else {
        return;
      }
    }
  }

  /** Smaller for a larger logit, then for a lower id; unique. */
  private long key(int i) {
    int bits = Float.floatToIntBits(logits[i] + 0f); // turns -0 into 0
    int ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF);
    return ((long) ~ascending << 32) | ids[i];
  }

  private static int id(long key) {
    return (int) key;
  }
}
