package io.millrace.model;

import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * A transformer in double precision, written without a backend, a cache or batches: the judge of
 * whole models in tests.
 *
 * @param weights by GGUF's names; vectors have one row
 * @param angle by which a pair turns at a position
 * @param halves whether the elements of a pair stand half a head apart, or side by side
 */
public record ScalarLlama(
    int heads,
    int kvHeads,
    int headDim,
    double epsilon,
    int window,
    Map<String, double[][]> weights,
    Angle angle,
    double ropeScale,
    boolean halves) {

  /** Of the rotary embedding. */
  @FunctionalInterface
  public interface Angle {
    double of(int position, int pair);
  }

  /** Logits after the last token. */
  public double[] logits(int... tokens) {
    double[][] x = new double[tokens.length][];
    for (int i = 0; i < tokens.length; i++) {
      x[i] = weights.get("token_embd.weight")[tokens[i]].clone();
    }
    for (int layer = 0; weights.containsKey("blk." + layer + ".attn_norm.weight"); layer++) {
      block("blk." + layer + ".", x);
    }
    double[] last = norm(x[x.length - 1], "output_norm.weight");
    return linear(weights.containsKey("output.weight") ? "output" : "token_embd", last);
  }

  private void block(String prefix, double[][] x) {
    double[][] keys = new double[x.length][];
    double[][] values = new double[x.length][];
    double[][] queries = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      double[] normed = norm(x[i], prefix + "attn_norm.weight");
      queries[i] = turned(linear(prefix + "attn_q", normed), prefix + "attn_q_norm.weight", i);
      keys[i] = turned(linear(prefix + "attn_k", normed), prefix + "attn_k_norm.weight", i);
      values[i] = linear(prefix + "attn_v", normed);
    }
    for (int i = 0; i < x.length; i++) {
      double[] mixed = new double[heads * headDim];
      for (int head = 0; head < heads; head++) {
        attend(queries[i], keys, values, i, head, mixed);
      }
      add(x[i], linear(prefix + "attn_output", mixed));
      double[] normed = norm(x[i], prefix + "ffn_norm.weight");
      double[] gate = map(linear(prefix + "ffn_gate", normed), g -> g / (1 + Math.exp(-g)));
      double[] up = linear(prefix + "ffn_up", normed);
      for (int j = 0; j < gate.length; j++) {
        gate[j] *= up[j];
      }
      add(x[i], linear(prefix + "ffn_down", gate));
    }
  }

  private void attend(
      double[] query, double[][] keys, double[][] values, int i, int head, double[] mixed) {
    int kv = head / (heads / kvHeads) * headDim;
    int first = window == 0 ? 0 : Math.max(0, i - window + 1);
    double sum = 0;
    for (int j = first; j <= i; j++) {
      double score = 0;
      for (int d = 0; d < headDim; d++) {
        score += query[head * headDim + d] * keys[j][kv + d];
      }
      double weight = Math.exp(score / Math.sqrt(headDim));
      sum += weight;
      for (int d = 0; d < headDim; d++) {
        mixed[head * headDim + d] += weight * values[j][kv + d];
      }
    }
    for (int d = 0; d < headDim; d++) {
      mixed[head * headDim + d] /= sum;
    }
  }

  /** Heads normalized, where there is a gain for it, then rotated. */
  private double[] turned(double[] x, String gain, int position) {
    double[] out = x.clone();
    for (int head = 0; head < x.length; head += headDim) {
      if (weights.containsKey(gain)) {
        double[] part = Arrays.copyOfRange(x, head, head + headDim);
        System.arraycopy(norm(part, gain), 0, out, head, headDim);
      }
      for (int pair = 0; pair < headDim / 2; pair++) {
        int a = head + (halves ? pair : 2 * pair);
        int b = a + (halves ? headDim / 2 : 1);
        double cos = Math.cos(angle.of(position, pair)) * ropeScale;
        double sin = Math.sin(angle.of(position, pair)) * ropeScale;
        double real = out[a] * cos - out[b] * sin;
        out[b] = out[a] * sin + out[b] * cos;
        out[a] = real;
      }
    }
    return out;
  }

  private double[] norm(double[] x, String gain) {
    double squares = 0;
    for (double value : x) {
      squares += value * value;
    }
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] / Math.sqrt(squares / x.length + epsilon) * weights.get(gain)[0][i];
    }
    return out;
  }

  private double[] linear(String name, double[] x) {
    double[][] w = weights.get(name + ".weight");
    double[] out = new double[w.length];
    for (int row = 0; row < w.length; row++) {
      for (int col = 0; col < x.length; col++) {
        out[row] += w[row][col] * x[col];
      }
    }
    if (weights.containsKey(name + ".bias")) {
      add(out, weights.get(name + ".bias")[0]);
    }
    return out;
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }

  private static double[] map(double[] x, DoubleUnaryOperator function) {
    return Arrays.stream(x).map(function).toArray();
  }
}
