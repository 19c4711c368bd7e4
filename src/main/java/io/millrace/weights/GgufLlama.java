package io.millrace.weights;

import io.millrace.model.ModelConfig;
import io.millrace.tensor.TensorSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The architecture {@code llama} as GGUF files hold it: what the metadata means, with llama.cpp's
 * defaults, and which tensors belong to it.
 */
final class GgufLlama {
  static final String ARCHITECTURE_KEY = "general.architecture";

  private static final String TOKEN_EMBEDDING = "token_embd.weight";
  private static final String ARCHITECTURE = "llama";

  private static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_LAYERS = 1 << 12;
  private static final int MAX_HEADS = 1 << 14;
  private static final int MAX_HEAD_DIM = 1 << 14;
  private static final int MAX_FFN_DIM = 1 << 24;
  private static final int MAX_CONTEXT = 1 << 30;

  private static final Pattern BLOCK_TENSOR =
      Pattern.compile(
          "blk\\.(\\d{1,9})\\.(attn_norm|attn_q|attn_k|attn_v|attn_output|ffn_norm|ffn_gate|ffn_up"
              + "|ffn_down)\\.weight");

  private final GgufFile gguf;
  private final GgufMetadata metadata;

  /**
   * Takes a file of this architecture.
   *
   * @throws CheckpointException when it is of another
   */
  GgufLlama(GgufFile gguf) {
    this.gguf = gguf;
    this.metadata = gguf.metadata();
    String architecture =
        metadata
            .label(ARCHITECTURE_KEY)
            .orElseThrow(() -> metadata.problem("has no metadata " + ARCHITECTURE_KEY));
    if (!architecture.equals(ARCHITECTURE)) {
      throw metadata.problem(
          "has architecture %s, which this build cannot compute, expected %s"
              .formatted(architecture, ARCHITECTURE));
    }
  }

  ModelConfig config() {
    refuseExperts();
    int dim = metadata.required("llama.embedding_length", MAX_WIDTH);
    int heads = metadata.required("llama.attention.head_count", MAX_HEADS);
    int headDim = headDim(dim, heads);
    int layers = metadata.required("llama.block_count", MAX_LAYERS);
    try {
      return new ModelConfig(
          ARCHITECTURE,
          vocabSize(),
          dim,
          layers,
          heads,
          metadata.integer("llama.attention.head_count_kv", 1, heads).orElse(heads),
          headDim,
          metadata.required("llama.feed_forward_length", MAX_FFN_DIM),
          (float) requiredReal("llama.attention.layer_norm_rms_epsilon"),
          metadata.required("llama.context_length", MAX_CONTEXT),
          new GgufRope(gguf).read(headDim),
          ModelConfig.unlimited(layers));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(gguf.file(), e.getMessage(), e);
    }
  }

  /**
   * The tensors of the model, each of a type that this build reads. A tensor that this architecture
   * does not have, such as a bias, is refused: leaving it out would silently change every result.
   */
  Map<String, TensorSource> tensors() {
    refuseParts();
    int layers = metadata.required("llama.block_count", MAX_LAYERS);
    Map<String, TensorSource> sources = new HashMap<>();
    for (GgufTensor tensor : gguf.tensors()) {
      if (!belongs(tensor.name(), layers)) {
        throw metadata.problem(
            "has tensor %s, which the architecture %s of this build has no use for (blocks: %d)"
                .formatted(tensor.name(), ARCHITECTURE, layers));
      }
      sources.put(tensor.name(), gguf.source(tensor));
    }
    return sources;
  }

  private static boolean belongs(String name, int layers) {
    return switch (name) {
      case TOKEN_EMBEDDING, "output_norm.weight", "output.weight", GgufRope.FACTORS -> true;
      default -> {
        Matcher block = BLOCK_TENSOR.matcher(name);
        yield block.matches() && Integer.parseInt(block.group(1)) < layers;
      }
    };
  }

  private void refuseParts() {
    int parts = metadata.integer("split.count", 0, Integer.MAX_VALUE).orElse(1);
    if (parts > 1) {
      throw metadata.problem(
          "is one of %d parts of a model; join them with llama-gguf-split --merge"
              .formatted(parts));
    }
  }

  private void refuseExperts() {
    int experts = metadata.integer("llama.expert_count", 0, Integer.MAX_VALUE).orElse(0);
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
    String key = "llama.attention.key_length";
    if (!metadata.has(key) && dim % heads != 0) {
      throw metadata.problem(
          "the embedding length %d is no multiple of the head count %d, and there is no %s"
              .formatted(dim, heads, key));
    }
    int headDim = metadata.integer(key, 1, MAX_HEAD_DIM).orElseGet(() -> dim / heads);
    int valueDim =
        metadata.integer("llama.attention.value_length", 1, MAX_HEAD_DIM).orElse(headDim);
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
