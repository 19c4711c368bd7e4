package io.millrace.model;

import io.millrace.tensor.Rope;

/** Shapes of well-known models, to measure with random weights what a model of that size does. */
public enum ModelShape {
  /** TinyLlama/TinyLlama-1.1B-Chat-v1.0. */
  TINYLLAMA_1_1B("tinyllama-1.1b", 32_000, 2_048, 22, 32, 4, 64, 5_632, 2_048, 10_000),
  /** meta-llama/Llama-3.2-1B. */
  LLAMA_3_2_1B("llama-3.2-1b", 128_256, 2_048, 16, 32, 8, 64, 8_192, 131_072, 500_000),
  /** meta-llama/Llama-3.1-8B. */
  LLAMA_3_1_8B("llama-3.1-8b", 128_256, 4_096, 32, 32, 8, 128, 14_336, 131_072, 500_000);

  private final String label;
  private final int vocabSize;
  private final int dim;
  private final int layers;
  private final int heads;
  private final int kvHeads;
  private final int headDim;
  private final int ffnDim;
  private final int contextLength;
  private final double ropeBase;

  ModelShape(
      String label,
      int vocabSize,
      int dim,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int ffnDim,
      int contextLength,
      double ropeBase) {
    this.label = label;
    this.vocabSize = vocabSize;
    this.dim = dim;
    this.layers = layers;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.ffnDim = ffnDim;
    this.contextLength = contextLength;
    this.ropeBase = ropeBase;
  }

  /** The configuration of a model of this shape. */
  public ModelConfig config() {
    return new ModelConfig(
        "llama",
        vocabSize,
        dim,
        layers,
        heads,
        kvHeads,
        headDim,
        ffnDim,
        1e-5f,
        contextLength,
        Rope.standard(headDim, ropeBase, Rope.Pairing.INTERLEAVED),
        ModelConfig.unlimited(layers));
  }

  /** How people call it. */
  @Override
  public String toString() {
    return label;
  }
}
