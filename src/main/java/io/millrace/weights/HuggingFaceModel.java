package io.millrace.weights;

import static io.millrace.weights.ModelLimits.MAX_CONTEXT;
import static io.millrace.weights.ModelLimits.MAX_FFN_DIM;
import static io.millrace.weights.ModelLimits.MAX_HEADS;
import static io.millrace.weights.ModelLimits.MAX_HEAD_DIM;
import static io.millrace.weights.ModelLimits.MAX_LAYERS;
import static io.millrace.weights.ModelLimits.MAX_VOCABULARY;
import static io.millrace.weights.ModelLimits.MAX_WIDTH;

import io.millrace.model.ModelConfig;
import io.millrace.model.WeightSet;
import io.millrace.tensor.Rope.Pairing;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A model as Hugging Face Transformers and mlx-lm save it. Values that the configuration leaves out
 * are those of Transformers.
 *
 * @param document {@code config.json}
 * @param savedByMlx whether mlx-lm wrote the weights; it does a few things in its own way
 */
record HuggingFaceModel(
    JsonDocument document, FolderTensors tensors, Quantization quantization, boolean savedByMlx)
    implements FolderModel {
  private static final String TYPE_KEY = "model_type";
  private static final String OUTPUT = "lm_head";
  private static final double DEFAULT_EPSILON = 1e-6;
  private static final String ATTENTION_BIAS_KEY = "attention_bias";

  /** Families that this build computes, by their names in {@code model_type}. */
  private enum Family {
    LLAMA(2048),
    MISTRAL(131_072),
    QWEN2(32_768),
    QWEN3(32_768);

    final int defaultContext;

    Family(int defaultContext) {
      this.defaultContext = defaultContext;
    }

    static Optional<Family> of(String type) {
      return switch (type) {
        case "llama" -> Optional.of(LLAMA);
        case "mistral" -> Optional.of(MISTRAL);
        case "qwen2" -> Optional.of(QWEN2);
        case "qwen3" -> Optional.of(QWEN3);
        default -> Optional.empty();
      };
    }
  }

  @Override
  public String format() {
    return "safetensors";
  }

  @Override
  public String architecture() {
    return document.text(TYPE_KEY).orElseThrow(() -> document.problem("has no " + TYPE_KEY));
  }

  private Family family() {
    return Family.of(architecture())
        .orElseThrow(() ->
            document.problem(
                "has %s %s, which this build cannot compute, expected llama, mistral, qwen2 or"
                        .formatted(TYPE_KEY, architecture())
                    + " qwen3"));
  }

  @Override
  public ModelConfig config() {
    Family family = family();
    String activation = document.text("hidden_act").orElse("silu");
    if (!activation.equals("silu")) {
      throw document.problem("has hidden_act %s, expected silu".formatted(activation));
    }
    int dim = document.required("hidden_size", MAX_WIDTH);
    int heads = document.required("num_attention_heads", MAX_HEADS);
    int layers = layers();
    int headDim = headDim(family, dim, heads);
    HuggingFaceRope rope = new HuggingFaceRope(document, headDim, pairing(), contextLength(family));
    try {
      return new ModelConfig(
          architecture(),
          document.required("vocab_size", MAX_VOCABULARY),
          dim,
          layers,
          heads,
          document.integer("num_key_value_heads", 1, heads).orElse(heads),
          headDim,
          document.required("intermediate_size", MAX_FFN_DIM),
          document.real("rms_norm_eps").orElse(DEFAULT_EPSILON).floatValue(),
          rope.contextLength(),
          rope.read(),
          windows(family, layers));
    } catch (IllegalArgumentException e) {
      throw document.problem(e.getMessage());
    }
  }

  @Override
  public WeightSet weights() {
    Family family = family();
    Set<String> extras = new HashSet<>();
    boolean biased = document.flag(ATTENTION_BIAS_KEY).orElse(false);
    if (biased && family != Family.MISTRAL || family == Family.QWEN2) {
      extras.addAll(Anatomy.QKV_BIAS);
    }
    if (biased && (family == Family.LLAMA || family == Family.QWEN3)) {
      extras.addAll(Anatomy.OUTPUT_BIAS);
    }
    if (family == Family.LLAMA && document.flag("mlp_bias").orElse(false)) {
      extras.addAll(Anatomy.MLP_BIAS);
    }
    if (family == Family.QWEN3) {
      extras.addAll(Anatomy.HEAD_NORMS);
    }
    return withOutput().weights(new Anatomy(layers(), extras, Set.of()), quantization);
  }

  /** The tensors, without an output matrix where the embedding is one. */
  private FolderTensors withOutput() {
    Optional<Boolean> tied = document.flag("tie_word_embeddings");
    if (tied.equals(Optional.of(false)) && !tensors.has(OUTPUT) && tensors.has("model.norm")) {
      throw tensors.problem(
          "has no tensor %s.weight, and tie_word_embeddings is false".formatted(OUTPUT));
    }
    return tied.equals(Optional.of(true)) ? tensors.without(OUTPUT) : tensors;
  }

  private int layers() {
    return document.required("num_hidden_layers", MAX_LAYERS);
  }

  private int contextLength(Family family) {
    return document
        .integer("max_position_embeddings", 1, MAX_CONTEXT)
        .orElse(family.defaultContext);
  }

  private int headDim(Family family, int dim, int heads) {
    int quotient = family == Family.QWEN3 ? 128 : Math.max(1, dim / heads);
    int headDim = document.integer("head_dim", 1, MAX_HEAD_DIM).orElse(quotient);
    if (!document.has("head_dim") && family != Family.QWEN3 && dim % heads != 0) {
      throw document.problem(
          "hidden_size %d is no multiple of num_attention_heads %d, and there is no head_dim"
              .formatted(dim, heads));
    }
    return headDim;
  }

  private Pairing pairing() {
    return document.flag("rope_traditional").orElse(false)
        ? Pairing.INTERLEAVED
        : Pairing.HALF_SPLIT;
  }

  /**
   * Windows are what {@code layer_types} says. Without it Transformers gives a mistral its window
   * in all layers, and a qwen with {@code use_sliding_window} in those from {@code
   * max_window_layers} on; mlx-lm gives them none.
   */
  private List<Integer> windows(Family family, int layers) {
    int window = document.integer("sliding_window", 0, MAX_CONTEXT).orElse(0);
    boolean qwen = family == Family.QWEN2 || family == Family.QWEN3;
    if (qwen && (savedByMlx || !document.flag("use_sliding_window").orElse(false))) {
      return ModelConfig.unlimited(layers);
    }
    Optional<List<String>> types = document.texts("layer_types", MAX_LAYERS);
    int full = qwen ? document.integer("max_window_layers", 0, MAX_LAYERS).orElse(28) : 0;
    List<Integer> windows = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      boolean limited =
          types.isPresent()
              ? isSliding(types.get(), layer)
              : !savedByMlx && family != Family.LLAMA && layer >= full;
      windows.add(limited ? window : 0);
    }
    return windows;
  }

  private boolean isSliding(List<String> types, int layer) {
    String type = layer < types.size() ? types.get(layer) : "missing";
    return switch (type) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw document.problem(
              "layer_types of layer %d is %s, expected full_attention or sliding_attention"
                  .formatted(layer, type));
    };
  }
}
