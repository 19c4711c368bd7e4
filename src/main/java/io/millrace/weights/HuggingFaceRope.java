package io.millrace.weights;

import static io.millrace.weights.ModelLimits.MAX_CONTEXT;
import static io.millrace.weights.ModelLimits.MAX_HEAD_DIM;

import io.millrace.model.RopeScaling;
import io.millrace.tensor.Rope;
import io.millrace.tensor.Rope.Pairing;
import java.util.Optional;

/**
 * The rotary embedding of a {@code config.json}: {@code rope_theta} and {@code rope_scaling}, which
 * newer versions of Transformers write as {@code rope_parameters}. Defaults are mlx-lm's.
 */
final class HuggingFaceRope {
  private static final double DEFAULT_BASE = 10_000;

  private final JsonDocument document;
  private final JsonDocument scaling;
  private final String type;
  private final int maxPositions;
  private final RopeScaling rope;

  /**
   * @param maxPositions {@code max_position_embeddings}
   * @throws CheckpointException when the base cannot be
   */
  HuggingFaceRope(JsonDocument document, int headDim, Pairing pairing, int maxPositions) {
    Optional<JsonDocument> parameters = document.object("rope_parameters");
    this.document = document;
    this.maxPositions = maxPositions;
    this.scaling = document.object("rope_scaling").or(() -> parameters).orElse(document);
    this.type =
        scaling == document
            ? "default"
            : scaling.text("type").or(() -> scaling.text("rope_type")).orElse("default");
    double base =
        document
            .real("rope_theta")
            .or(() -> parameters.flatMap(p -> p.real("rope_theta")))
            .orElse(DEFAULT_BASE);
    double part = document.real("partial_rotary_factor").orElse(1.0);
    try {
      this.rope = new RopeScaling((int) (headDim * part), base, pairing);
    } catch (IllegalArgumentException e) {
      throw document.problem(e.getMessage());
    }
  }

  /** Positions that the model can tell apart. */
  int contextLength() {
    // The other variants have extended max_position_embeddings already.
    return type.equals("dynamic")
        ? (int) Math.min(MAX_CONTEXT, maxPositions * Math.max(1, scaling.requiredReal("factor")))
        : maxPositions;
  }

  /**
   * Reads the embedding.
   *
   * @throws CheckpointException when this build cannot compute the variant
   * @throws IllegalArgumentException when a number cannot be
   */
  Rope read() {
    return switch (type) {
      case "default" -> rope.linear(1);
      case "linear" -> rope.linear(scaling.requiredReal("factor"));
      case "dynamic" -> rope.dynamicNtk(scaling.requiredReal("factor"), maxPositions);
      case "llama3" ->
          rope.llama3(
              scaling.requiredReal("factor"),
              scaling.real("low_freq_factor").orElse(1.0),
              scaling.real("high_freq_factor").orElse(4.0),
              originalContext().orElse(8192.0));
      case "yarn" -> yarn();
      case "longrope" ->
          rope.longRope(
              longFactors(),
              maxPositions,
              originalContext()
                  .orElseThrow(() ->
                      scaling.problem("has no original_max_position_embeddings for longrope")));
      default ->
          throw document.problem(
              "has a rotary embedding of type %s, which this build cannot compute, expected"
                      .formatted(type)
                  + " default, linear, dynamic, llama3, yarn or longrope");
    };
  }

  private Rope yarn() {
    double factor = scaling.requiredReal("factor");
    return rope.yarn(
        factor,
        originalContext().orElse(4096.0),
        scaling.real("beta_fast").orElse(32.0),
        scaling.real("beta_slow").orElse(1.0),
        RopeScaling.yarnAttention(
            factor,
            scaling.real("mscale").orElse(1.0),
            scaling.real("mscale_all_dim").orElse(0.0)));
  }

  private float[] longFactors() {
    return scaling
        .reals("long_factor", MAX_HEAD_DIM)
        .orElseThrow(() -> scaling.problem("has no long_factor for longrope"));
  }

  private Optional<Double> originalContext() {
    String key = "original_max_position_embeddings";
    return scaling.real(key).or(() -> document.real(key));
  }
}
