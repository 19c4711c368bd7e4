package io.millrace.weights;

import io.millrace.model.RopeScaling;
import io.millrace.tensor.Rope;
import io.millrace.tensor.Rope.Pairing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/** The rotary embedding of a model in a GGUF file, with llama.cpp's defaults. */
final class GgufRope {
  /** Divides each frequency by a factor of its own, as Llama 3.1 needs it. */
  private static final String FACTORS = "rope_freqs.weight";

  private static final String LONG_FACTORS = "rope_factors_long.weight";

  /** Tensors that are read here, and by no backend. */
  static final Set<String> TENSORS = Set.of(FACTORS, LONG_FACTORS, "rope_factors_short.weight");

  private static final double DEFAULT_BASE = 10_000;

  private final GgufFile gguf;
  private final GgufMetadata metadata;
  private final String prefix;

  GgufRope(GgufFile gguf, String architecture) {
    this.gguf = gguf;
    this.metadata = gguf.metadata();
    this.prefix = architecture + ".rope.";
  }

  /**
   * Reads the embedding.
   *
   * @param contextLength that the model is made for
   * @throws IllegalArgumentException when a number cannot be
   */
  Rope read(int headDim, Pairing pairing, int contextLength) {
    int rotated = metadata.integer(prefix + "dimension_count", 2, headDim).orElse(headDim);
    RopeScaling rope = new RopeScaling(rotated, real("freq_base").orElse(DEFAULT_BASE), pairing);
    String typeKey = prefix + "scaling.type";
    String type = metadata.label(typeKey).orElse("linear");
    Rope read =
        switch (type) {
          case "none" -> factors(FACTORS).map(rope::divided).orElseGet(() -> rope.linear(1));
          case "linear" -> linear(rope);
          case "yarn" -> yarn(rope, contextLength);
          case "longrope" -> longRope(rope, contextLength);
          default ->
              throw metadata.problem(
                  "metadata %s is %s, which this build cannot compute, expected none, linear, yarn"
                          .formatted(typeKey, type)
                      + " or longrope");
        };
    float attention = real("scaling.attn_factor").orElse(1.0).floatValue();
    if (!(attention > 0) || Float.isInfinite(attention)) {
      throw metadata.problem("has the attention factor %s, expected above 0".formatted(attention));
    }
    return RopeScaling.scaled(read, read.scale() * attention);
  }

  private Rope linear(RopeScaling rope) {
    // Old files have the second key. 0 stands for none.
    double factor = real("scaling.factor").or(() -> real("scale_linear")).orElse(0.0);
    double divisor = factor == 0 ? 1 : factor;
    return factors(FACTORS)
        .map(factors -> {
          for (int i = 0; i < factors.length; i++) {
            factors[i] *= (float) divisor;
          }
          return rope.divided(factors);
        })
        .orElseGet(() -> rope.linear(divisor));
  }

  private Rope yarn(RopeScaling rope, int contextLength) {
    double factor = requiredFactor();
    return rope.yarn(
        factor,
        originalContext(contextLength),
        real("scaling.yarn_beta_fast").orElse(32.0),
        real("scaling.yarn_beta_slow").orElse(1.0),
        RopeScaling.yarnAttention(factor, 1, 0));
  }

  private Rope longRope(RopeScaling rope, int contextLength) {
    float[] factors =
        factors(LONG_FACTORS)
            .orElseThrow(() -> metadata.problem("has no tensor %s".formatted(LONG_FACTORS)));
    // Converters write the factor on queries and keys to scaling.attn_factor; where they do not,
    // it follows from the contexts.
    return metadata.has(prefix + "scaling.attn_factor")
        ? rope.divided(factors)
        : rope.longRope(factors, contextLength, originalContext(contextLength));
  }

  private double requiredFactor() {
    return real("scaling.factor")
        .orElseThrow(() -> metadata.problem("has no metadata %sscaling.factor".formatted(prefix)));
  }

  private int originalContext(int contextLength) {
    return metadata
        .integer(prefix + "scaling.original_context_length", 1, ModelLimits.MAX_CONTEXT)
        .orElse(contextLength);
  }

  private Optional<Double> real(String key) {
    var value = metadata.real(prefix + key);
    return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
  }

  /** The elements of a small tensor of type F32. */
  private Optional<float[]> factors(String name) {
    return gguf.tensor(name)
        .map(tensor -> {
          if (tensor.type() != GgmlType.F32 || tensor.elements() > ModelLimits.MAX_HEAD_DIM) {
            throw metadata.problem(
                "tensor %s has %d elements of type %s, expected one of type F32 for each pair"
                    .formatted(name, tensor.elements(), tensor.type()));
          }
          float[] factors = new float[(int) tensor.elements()];
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = gguf.source(tensor).map(arena);
            for (int i = 0; i < factors.length; i++) {
              factors[i] = Float.intBitsToFloat(bytes.get(GgufCursor.INT, (long) i * Float.BYTES));
            }
          }
          return factors;
        });
  }
}
