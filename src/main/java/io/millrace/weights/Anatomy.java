package io.millrace.weights;

import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which tensors a model has, by GGUF's names. A tensor that does not belong is refused: leaving it
 * out would silently change every result. So is a model without one that its family needs.
 *
 * @param layers blocks
 * @param extras what each block has beside the tensors that all families share, such as {@code
 *     attn_q.bias}
 * @param optional what each block may have
 */
record Anatomy(int layers, Set<String> extras, Set<String> optional) {
  private static final Set<String> ROOTS =
      Set.of("token_embd.weight", "output_norm.weight", "output.weight");

  private static final Set<String> SHARED =
      Stream.of(
              "attn_norm",
              "attn_q",
              "attn_k",
              "attn_v",
              "attn_output",
              "ffn_norm",
              "ffn_gate",
              "ffn_up",
              "ffn_down")
          .map(part -> part + ".weight")
          .collect(Collectors.toUnmodifiableSet());

  private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9]\\d{0,8})\\.(.+)");

  static final Set<String> QKV_BIAS = Set.of("attn_q.bias", "attn_k.bias", "attn_v.bias");
  static final Set<String> OUTPUT_BIAS = Set.of("attn_output.bias");
  static final Set<String> MLP_BIAS = Set.of("ffn_gate.bias", "ffn_up.bias", "ffn_down.bias");
  static final Set<String> HEAD_NORMS = Set.of("attn_q_norm.weight", "attn_k_norm.weight");

  /**
   * Checks the names of all tensors.
   *
   * @param names by GGUF; none at all is a file without weights, which is not refused here
   * @param original a name as the file has it
   * @param problem makes the exception
   */
  void check(
      Set<String> names,
      UnaryOperator<String> original,
      Function<String, CheckpointException> problem) {
    for (String name : new TreeSet<>(names)) {
      if (!belongs(name)) {
        throw problem.apply(
            "has tensor %s, which its architecture does not have in this build (blocks: %d)"
                .formatted(original.apply(name), layers));
      }
    }
    if (names.isEmpty()) {
      return;
    }
    for (String extra : new TreeSet<>(extras)) {
      for (int layer = 0; layer < layers; layer++) {
        String name = "blk." + layer + "." + extra;
        if (!names.contains(name)) {
          throw problem.apply(
              "has no tensor %s, which its architecture needs".formatted(original.apply(name)));
        }
      }
    }
  }

  private boolean belongs(String name) {
    Matcher block = BLOCK.matcher(name);
    if (!block.matches()) {
      return ROOTS.contains(name);
    }
    String part = block.group(2);
    return Integer.parseInt(block.group(1)) < layers
        && (SHARED.contains(part) || extras.contains(part) || optional.contains(part));
  }
}
