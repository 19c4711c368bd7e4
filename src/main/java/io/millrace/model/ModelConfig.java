package io.millrace.model;

import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import java.util.Collections;
import java.util.List;

/**
 * The shape of a Llama-family transformer.
 *
 * @param architecture name in the checkpoint, such as {@code llama}
 * @param vocabSize tokens it knows
 * @param dim elements of a hidden state
 * @param layers transformer blocks
 * @param heads query heads
 * @param kvHeads key-value heads (grouped-query attention); divides {@code heads}
 * @param headDim elements of a head
 * @param ffnDim elements between the two halves of the MLP
 * @param normEpsilon epsilon of RMSNorm
 * @param contextLength positions it was trained for
 * @param rope rotary embedding of queries and keys
 * @param windows positions that a token sees in each layer, its own included; 0 for all
 */
public record ModelConfig(
    String architecture,
    int vocabSize,
    int dim,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int ffnDim,
    float normEpsilon,
    int contextLength,
    Rope rope,
    List<Integer> windows) {

  public ModelConfig {
    require(vocabSize > 0, "vocabulary size", vocabSize);
    require(dim > 0, "embedding length", dim);
    require(layers > 0, "block count", layers);
    require(heads > 0, "head count", heads);
    require(
        kvHeads > 0 && heads % kvHeads == 0,
        "key-value head count (heads %d)".formatted(heads),
        kvHeads);
    require(headDim > 0 && headDim % 2 == 0, "head size", headDim);
    require(ffnDim > 0, "feed-forward length", ffnDim);
    require(contextLength > 0, "context length", contextLength);
    windows = List.copyOf(windows);
    require(windows.size() == layers, "number of layers' windows", windows.size());
    windows.forEach(window -> require(window >= 0, "sliding window", window));
    require(
        rope.rotated() <= headDim,
        "rotated elements of a head of %d".formatted(headDim),
        rope.rotated());
    if (!(normEpsilon > 0) || normEpsilon > 1) {
      throw new IllegalArgumentException(
          "RMSNorm epsilon is %s, expected 0 < epsilon <= 1".formatted(normEpsilon));
    }
  }

  /** The windows of a model whose layers all see every position. */
  public static List<Integer> unlimited(int layers) {
    return Collections.nCopies(layers, 0);
  }

  /** Elements of all query heads of a token. */
  public int queryDim() {
    return heads * headDim;
  }

  /** Elements of all key heads of a token, and of all its value heads. */
  public int kvDim() {
    return kvHeads * headDim;
  }

  public KvCache.Shape kvShape() {
    return new KvCache.Shape(layers, kvHeads, headDim);
  }

  private static void require(boolean condition, String what, int found) {
    if (!condition) {
      throw new IllegalArgumentException(
          "%s is %d, which no model of this family can have".formatted(what, found));
    }
  }
}
