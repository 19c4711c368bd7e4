package io.millrace.weights;

import static io.millrace.weights.ModelLimits.MAX_CONTEXT;
import static io.millrace.weights.ModelLimits.MAX_FFN_DIM;
import static io.millrace.weights.ModelLimits.MAX_HEADS;
import static io.millrace.weights.ModelLimits.MAX_HEAD_DIM;
import static io.millrace.weights.ModelLimits.MAX_LAYERS;
import static io.millrace.weights.ModelLimits.MAX_WIDTH;

import io.millrace.model.ModelConfig;
import io.millrace.tensor.Rope.Pairing;
import io.millrace.tensor.TensorSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The llama family as GGUF files hold it: what the metadata means, with llama.cpp's defaults, and
 * which tensors belong to it. Llama.cpp gives none of them a sliding window.
 */
final class GgufLlama {
  static final String ARCHITECTURE_KEY = "general.architecture";

  private static final String TOKEN_EMBEDDING = "token_embd.weight";

  private final GgufFile gguf;
  private final GgufMetadata metadata;
  private final Architecture architecture;

  /** Architectures that this build computes, by their names in files. */
  private enum Architecture {
    /** Also Mistral, SmolLM and TinyLlama, whose queries and keys are in Meta's order. */
    LLAMA(Pairing.INTERLEAVED, Set.of()),
    QWEN2(Pairing.HALF_SPLIT, Anatomy.QKV_BIAS),
    QWEN3(Pairing.HALF_SPLIT, Anatomy.HEAD_NORMS);

    final Pairing pairing;
    final Set<String> extras;

    Architecture(Pairing pairing, Set<String> extras) {
      this.pairing = pairing;
      this.extras = extras;
    }

    static Optional<Architecture> of(String name) {
      return switch (name) {
        case "llama" -> Optional.of(LLAMA);
        case "qwen2" -> Optional.of(QWEN2);
        case "qwen3" -> Optional.of(QWEN3);
        default -> Optional.empty();
      };
    }
  }

  /**
   * Takes a file of this family.
   *
   * @throws CheckpointException when it is of another
   */
  GgufLlama(GgufFile gguf) {
    this.gguf = gguf;
    this.metadata = gguf.metadata();
    this.architecture =
        Architecture.of(name())
            .orElseThrow(() ->
                metadata.problem(
                    "has architecture %s, which this build cannot compute, expected llama, qwen2"
                            .formatted(name())
                        + " or qwen3"));
  }

  private String name() {
    return metadata
        .label(ARCHITECTURE_KEY)
        .orElseThrow(() -> metadata.problem("has no metadata " + ARCHITECTURE_KEY));
  }

  private String key(String suffix) {
    return name() + "." + suffix;
  }

  ModelConfig config() {
    refuseExperts();
    int dim = metadata.required(key("embedding_length"), MAX_WIDTH);
    int heads = metadata.required(key("attention.head_count"), MAX_HEADS);
    int headDim = headDim(dim, heads);
    int layers = layers();
    int contextLength = metadata.required(key("context_length"), MAX_CONTEXT);
    try {
      return new ModelConfig(
          name(),
          vocabSize(),
          dim,
          layers,
          heads,
          metadata.integer(key("attention.head_count_kv"), 1, heads).orElse(heads),
          headDim,
          metadata.required(key("feed_forward_length"), MAX_FFN_DIM),
          (float) requiredReal(key("attention.layer_norm_rms_epsilon")),
          contextLength,
          new GgufRope(gguf, name()).read(headDim, architecture.pairing, contextLength),
          ModelConfig.unlimited(layers));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(gguf.file(), e.getMessage(), e);
    }
  }

  private int layers() {
    return metadata.required(key("block_count"), MAX_LAYERS);
  }

  /**
   * The tensors of the model, each of a type that this build reads.
   *
   * @throws CheckpointException when one is of another type, does not belong or is missing
   */
  Map<String, TensorSource> tensors() {
    Map<String, TensorSource> sources = new HashMap<>();
    for (GgufTensor tensor : gguf.tensors()) {
      if (!GgufRope.TENSORS.contains(tensor.name())) {
        sources.put(tensor.name(), gguf.source(tensor));
      }
    }
    Set<String> biases = new HashSet<>(Anatomy.QKV_BIAS);
    biases.addAll(Anatomy.OUTPUT_BIAS);
    biases.addAll(Anatomy.MLP_BIAS);
    new Anatomy(layers(), architecture.extras, biases)
        .check(sources.keySet(), UnaryOperator.identity(), metadata::problem);
    return sources;
  }

  private void refuseExperts() {
    int experts = metadata.integer(key("expert_count"), 0, Integer.MAX_VALUE).orElse(0);
    if (experts > 0) {
      throw metadata.problem(
          "is a mixture of %d experts, which this build cannot compute".formatted(experts));
    }
  }

  /** Rows of the embedding; a file that holds only a vocabulary has none. */
  private int vocabSize() {
    int tokens = new GgufVocabulary(gguf).size();
    Optional<GgufTensor> embedding = gguf.tensor(TOKEN_EMBEDDING);
    if (embedding.isEmpty() || tokens == 0) {
      return embedding.map(GgufTensor::rows).orElse(tokens);
    }
    int rows = embedding.get().rows();
    if (rows != tokens) {
      throw metadata.problem(
          "tensor %s has %d rows, but the vocabulary has %d tokens"
              .formatted(TOKEN_EMBEDDING, rows, tokens));
    }
    return rows;
  }

  private int headDim(int dim, int heads) {
    String key = key("attention.key_length");
    if (!metadata.has(key) && dim % heads != 0) {
      throw metadata.problem(
          "the embedding length %d is no multiple of the head count %d, and there is no %s"
              .formatted(dim, heads, key));
    }
    int headDim = metadata.integer(key, 1, MAX_HEAD_DIM).orElseGet(() -> dim / heads);
    int valueDim = metadata.integer(key("attention.value_length"), 1, MAX_HEAD_DIM).orElse(headDim);
    if (headDim != valueDim || headDim > MAX_HEAD_DIM) {
      throw metadata.problem(
          "keys have %d and values %d elements a head, expected the same number, at most %d"
              .formatted(headDim, valueDim, MAX_HEAD_DIM));
    }
    return headDim;
  }

  private double requiredReal(String key) {
    return metadata.real(key).orElseThrow(() -> metadata.problem("has no metadata " + key));
  }
}
