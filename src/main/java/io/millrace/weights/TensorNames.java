package io.millrace.weights;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a format names the parts of a model. The model itself goes by GGUF's names: {@code
 * token_embd}, {@code blk.0.attn_q}, ….
 */
enum TensorNames {
  /** {@code model.layers.0.self_attn.q_proj}. */
  HUGGING_FACE(
      "model.layers.",
      Map.of("model.embed_tokens", "token_embd", "model.norm", "output_norm", "lm_head", "output"),
      Map.ofEntries(
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down")),
      Pattern.compile("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq")),

  /** {@code layers.0.attention.wq}, as in Meta's checkpoints and the MLX examples. */
  META(
      "layers.",
      Map.of("tok_embeddings", "token_embd", "norm", "output_norm", "output", "output"),
      Map.ofEntries(
          Map.entry("attention_norm", "attn_norm"),
          Map.entry("attention.wq", "attn_q"),
          Map.entry("attention.wk", "attn_k"),
          Map.entry("attention.wv", "attn_v"),
          Map.entry("attention.wo", "attn_output"),
          Map.entry("ffn_norm", "ffn_norm"),
          Map.entry("feed_forward.w1", "ffn_gate"),
          Map.entry("feed_forward.w3", "ffn_up"),
          Map.entry("feed_forward.w2", "ffn_down")),
      Pattern.compile("rope\\.freqs"));

  private static final Pattern GGUF_BLOCK = Pattern.compile("blk\\.(\\d{1,9})\\.(.+)");

  private final String blockPrefix;
  private final Map<String, String> roots;
  private final Map<String, String> blockParts;
  private final Map<String, String> originals = new HashMap<>();
  private final Pattern computed;
  private final Pattern block;

  TensorNames(
      String blockPrefix,
      Map<String, String> roots,
      Map<String, String> blockParts,
      Pattern computed) {
    this.blockPrefix = blockPrefix;
    this.roots = roots;
    this.blockParts = blockParts;
    this.computed = computed;
    this.block = Pattern.compile(Pattern.quote(blockPrefix) + "(0|[1-9]\\d{0,8})\\.(.+)");
    roots.forEach((name, gguf) -> originals.put(gguf, name));
    blockParts.forEach((name, gguf) -> originals.put(gguf, name));
  }

  /** GGUF's name of a part of the model; empty when there is no such part. */
  Optional<String> toGguf(String name) {
    Matcher inBlock = block.matcher(name);
    return inBlock.matches()
        ? Optional.ofNullable(blockParts.get(inBlock.group(2)))
            .map(part -> "blk." + inBlock.group(1) + "." + part)
        : Optional.ofNullable(roots.get(name));
  }

  /** The format's name of a tensor or a part of one, by GGUF's. */
  String fromGguf(String gguf) {
    Matcher inBlock = GGUF_BLOCK.matcher(gguf);
    String prefix = inBlock.matches() ? blockPrefix + inBlock.group(1) + "." : "";
    String part = inBlock.matches() ? inBlock.group(2) : gguf;
    int dot = part.lastIndexOf('.');
    String suffix = dot < 0 ? "" : part.substring(dot);
    String stem = dot < 0 ? part : part.substring(0, dot);
    return prefix + originals.getOrDefault(stem, stem) + suffix;
  }

  /** Whether a tensor can be left out because it follows from the configuration. */
  boolean isComputed(String tensor) {
    return computed.matcher(tensor).matches();
  }
}
