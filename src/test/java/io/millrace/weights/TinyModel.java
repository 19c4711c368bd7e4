package io.millrace.weights;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A whole llama model of a few kilobytes, with weights of zero, to be changed by tests. */
public final class TinyModel {
  public static final int DIM = 8;
  public static final int FFN_DIM = 16;

  /** Beyond the special tokens and the bytes. */
  private static final List<String> WORDS = List.of("▁", "a", "b", "▁a", "ab", "▁ab");

  private TinyModel() {}

  /** One block, two heads of four elements, one key-value head. */
  public static GgufWriter writer() {
    return writer("llama");
  }

  /** The same, of another architecture. */
  public static GgufWriter writer(String architecture) {
    GgufWriter writer = vocabulary().put("general.architecture", architecture);
    int tokens = pieces().size();
    writer
        .put(architecture + ".context_length", 64)
        .put(architecture + ".embedding_length", DIM)
        .put(architecture + ".block_count", 1)
        .put(architecture + ".feed_forward_length", FFN_DIM)
        .put(architecture + ".attention.head_count", 2)
        .put(architecture + ".attention.head_count_kv", 1)
        .put(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
    return writer
        .f32("token_embd.weight", tokens, DIM)
        .f32("output_norm.weight", 1, DIM)
        .f32("blk.0.attn_norm.weight", 1, DIM)
        .f32("blk.0.attn_q.weight", DIM, DIM)
        .f32("blk.0.attn_k.weight", DIM / 2, DIM)
        .f32("blk.0.attn_v.weight", DIM / 2, DIM)
        .f32("blk.0.attn_output.weight", DIM, DIM)
        .f32("blk.0.ffn_norm.weight", 1, DIM)
        .f32("blk.0.ffn_gate.weight", FFN_DIM, DIM)
        .f32("blk.0.ffn_up.weight", FFN_DIM, DIM)
        .f32("blk.0.ffn_down.weight", DIM, FFN_DIM);
  }

  /** Only the vocabulary. */
  public static GgufWriter vocabulary() {
    List<String> pieces = pieces();
    return new GgufWriter()
        .put("general.architecture", "llama")
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.tokens", pieces)
        .put(
            "tokenizer.ggml.scores",
            IntStream.range(0, pieces.size()).mapToObj(i -> i < 259 ? 0f : 259f - i).toList())
        .put("tokenizer.ggml.token_type", types())
        .put("tokenizer.ggml.bos_token_id", 1)
        .put("tokenizer.ggml.eos_token_id", 2)
        .put("tokenizer.ggml.unknown_token_id", 0)
        .put("tokenizer.ggml.padding_token_id", -1);
  }

  /** Control tokens, the 256 bytes, then words. */
  public static List<String> pieces() {
    List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    IntStream.range(0, 256).mapToObj("<0x%02X>"::formatted).forEach(pieces::add);
    pieces.addAll(WORDS);
    return pieces;
  }

  private static List<Integer> types() {
    List<Integer> types = new ArrayList<>(List.of(2, 3, 3));
    IntStream.range(0, 256).forEach(i -> types.add(6));
    WORDS.forEach(word -> types.add(1));
    return types;
  }
}
