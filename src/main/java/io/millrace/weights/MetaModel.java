package io.millrace.weights;

import static io.millrace.weights.ModelLimits.MAX_CONTEXT;
import static io.millrace.weights.ModelLimits.MAX_FFN_DIM;
import static io.millrace.weights.ModelLimits.MAX_HEADS;
import static io.millrace.weights.ModelLimits.MAX_HEAD_DIM;
import static io.millrace.weights.ModelLimits.MAX_LAYERS;
import static io.millrace.weights.ModelLimits.MAX_VOCABULARY;
import static io.millrace.weights.ModelLimits.MAX_WIDTH;

import io.millrace.model.ModelConfig;
import io.millrace.model.RopeScaling;
import io.millrace.model.WeightSet;
import io.millrace.tensor.Rope.Pairing;
import java.util.Optional;
import java.util.Set;

/**
 * A model of the <a href="https://github.com/ml-explore/mlx-examples/tree/main/llms">MLX llama and
 * mistral examples</a>: Meta's names in {@code config.json} and in the npz files. What Meta's own
 * files leave out is taken from the shapes of the tensors, as the llama example does. The mistral
 * example drops the sliding window, and so does this class.
 *
 * @param document {@code config.json}
 */
record MetaModel(JsonDocument document, FolderTensors tensors, Quantization quantization)
    implements FolderModel {
  private static final double DEFAULT_BASE = 10_000;

  /** The examples know no limit: these are the contexts of the models that they convert. */
  private static final int LLAMA_CONTEXT = 4096;

  private static final int MISTRAL_CONTEXT = 32_768;

  @Override
  public String format() {
    return "MLX npz";
  }

  @Override
  public String architecture() {
    return document.text("model_type").orElse("llama");
  }

  @Override
  public ModelConfig config() {
    checkArchitecture();
    int dim = document.required("dim", MAX_WIDTH);
    int heads = document.required("n_heads", MAX_HEADS);
    int layers = layers();
    int headDim = headDim(dim, heads);
    // Weights converted from Hugging Face have the pairs of a head in halves.
    Pairing pairing =
        document.flag("rope_traditional").orElse(true) ? Pairing.INTERLEAVED : Pairing.HALF_SPLIT;
    double base = document.real("rope_theta").orElse(DEFAULT_BASE);
    try {
      return new ModelConfig(
          architecture(),
          vocabSize(),
          dim,
          layers,
          heads,
          document.integer("n_kv_heads", 1, heads).orElse(heads),
          headDim,
          ffnDim(),
          (float) document.requiredReal("norm_eps"),
          contextLength(),
          new RopeScaling(headDim, base, pairing).linear(1),
          ModelConfig.unlimited(layers));
    } catch (IllegalArgumentException e) {
      throw document.problem(e.getMessage());
    }
  }

  @Override
  public WeightSet weights() {
    checkArchitecture();
    return tensors.weights(new Anatomy(layers(), Set.of(), Set.of()), quantization);
  }

  private void checkArchitecture() {
    if (!Set.of("llama", "mistral").contains(architecture())) {
      throw document.problem(
          "has model_type %s, which this build cannot compute, expected llama or mistral"
              .formatted(architecture()));
    }
    if (document.flag("use_scaled_rope").orElse(false)) {
      throw document.problem(
          "has use_scaled_rope, but not by how much; expected a model in the format of Hugging"
              + " Face");
    }
  }

  private int layers() {
    return document.required("n_layers", MAX_LAYERS);
  }

  private int headDim(int dim, int heads) {
    Optional<Integer> named =
        document.integer("head_dim", 1, MAX_HEAD_DIM).stream().boxed().findAny();
    if (named.isEmpty() && dim % heads != 0) {
      throw document.problem(
          "dim %d is no multiple of n_heads %d, and there is no head_dim".formatted(dim, heads));
    }
    return named.orElse(dim / heads);
  }

  private int ffnDim() {
    return document
        .integer("hidden_dim", 1, MAX_FFN_DIM)
        .orElseGet(() -> rows("layers.0.feed_forward.w1.weight", "hidden_dim"));
  }

  private int vocabSize() {
    int named = document.integer("vocab_size", Integer.MIN_VALUE, MAX_VOCABULARY).orElse(-1);
    return named > 0 ? named : rows("output.weight", "vocab_size");
  }

  private int rows(String tensor, String key) {
    return tensors
        .find(tensor)
        .filter(StoredTensor::isMatrix)
        .map(StoredTensor::rows)
        .orElseThrow(() ->
            document.problem(
                "has no %s, and there is no tensor %s to take it from".formatted(key, tensor)));
  }

  private int contextLength() {
    int usual = architecture().equals("mistral") ? MISTRAL_CONTEXT : LLAMA_CONTEXT;
    return document
        .integer("max_position_embeddings", 1, MAX_CONTEXT)
        .orElseGet(() -> document.integer("max_seq_len", 1, MAX_CONTEXT).orElse(usual));
  }
}
