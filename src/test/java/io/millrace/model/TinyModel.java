package io.millrace.model;

import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.Rope;

/** A Llama with random weights, small enough for the reference backend. */
public final class TinyModel {
  private TinyModel() {}

  /** Two layers, four heads on two key-value heads of 16, context of 256 tokens. */
  public static ModelConfig config(int vocabSize) {
    Rope rope = Rope.standard(16, 10_000, Rope.Pairing.INTERLEAVED);
    return new ModelConfig(
        "llama", vocabSize, 64, 2, 4, 2, 16, 96, 1e-5f, 256, rope, ModelConfig.unlimited(2));
  }

  /** The same with more context. */
  public static Llama load(
      Backend backend, int vocabSize, int maxTokens, int maxOutputs, int contextLength) {
    ModelConfig tiny = config(vocabSize);
    ModelConfig config =
        new ModelConfig(
            tiny.architecture(),
            vocabSize,
            tiny.dim(),
            tiny.layers(),
            tiny.heads(),
            tiny.kvHeads(),
            tiny.headDim(),
            tiny.ffnDim(),
            tiny.normEpsilon(),
            contextLength,
            tiny.rope(),
            tiny.windows());
    WeightSet weights = new RandomWeights(config, DType.F32, 7);
    return Llama.load(config, weights, backend, maxTokens, maxOutputs);
  }

  public static Llama load(Backend backend, int vocabSize, int maxTokens, int maxOutputs) {
    return load(backend, vocabSize, maxTokens, maxOutputs, config(vocabSize).contextLength());
  }
}
