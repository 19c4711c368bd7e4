package io.millrace.weights;

import io.millrace.tensor.AffineSource;
import io.millrace.tensor.AffineType;
import java.util.Optional;

/**
 * The entry {@code quantization} in the {@code config.json} of a model that MLX has quantized: how
 * many bits, in groups of how many elements, and other values for some of its parts.
 */
final class Quantization {
  private static final String KEY = "quantization";
  private static final String METHOD_KEY = "quant_method";
  private static final int MAX_BITS = 32;
  private static final int MAX_GROUP_SIZE = 1 << 16;

  private final JsonDocument config;
  private final Optional<JsonDocument> settings;

  /**
   * Reads the entry, if there is one.
   *
   * @throws CheckpointException when the model is quantized in another way than MLX's affine one
   */
  Quantization(JsonDocument config) {
    this.config = config;
    this.settings = config.object(KEY).or(() -> config.object("quantization_config"));
    settings
        .flatMap(s -> s.text(METHOD_KEY))
        .ifPresent(method -> {
          throw config.problem(
              "the model is quantized with %s, which this build cannot read, expected MLX's affine"
                      .formatted(method)
                  + " quantization, or a GGUF file");
        });
  }

  boolean isPresent() {
    return settings.isPresent();
  }

  /**
   * A quantized matrix.
   *
   * @param part its name without {@code .weight}
   * @throws CheckpointException when the tensors do not fit the configuration or each other
   */
  AffineSource source(String part, StoredTensor quants, StoredTensor scales, StoredTensor biases) {
    ModelFile file = quants.place().file();
    AffineType type = type(part, scales, file);
    long cols = (long) scales.cols() * type.groupSize();
    boolean fits =
        quants.type().equals("U32")
            && quants.isMatrix()
            && scales.isMatrix()
            && !quants.shape().contains(0)
            && scales.shape().equals(biases.shape())
            && scales.type().equals(biases.type())
            && quants.rows() == scales.rows()
            && (long) quants.cols() * Integer.SIZE == cols * type.bits()
            && cols <= Integer.MAX_VALUE;
    if (!fits) {
      throw file.problem(
          "part %s has weights %s %s, scales %s %s and biases %s %s, which are no %d-bit weights in"
              + " groups of %d",
          part,
          quants.type(),
          quants.shape(),
          scales.type(),
          scales.shape(),
          biases.type(),
          biases.shape(),
          type.bits(),
          type.groupSize());
    }
    return new AffineSource(
        quants.name(),
        type,
        quants.rows(),
        (int) cols,
        quants.place(),
        scales.place(),
        biases.place());
  }

  private AffineType type(String part, StoredTensor scales, ModelFile file) {
    JsonDocument whole =
        settings.orElseThrow(() ->
            file.problem(
                "tensor %s is a scale of quantized weights, but %s has no %s",
                scales.name(), config.file().getFileName(), KEY));
    JsonDocument own = whole.objectOrFlag(part).orElse(whole);
    String mode = own.text("mode").or(() -> whole.text("mode")).orElse("affine");
    if (!mode.equals("affine")) {
      throw config.problem(
          "%s of %s has mode %s, which this build cannot read, expected affine"
              .formatted(KEY, part, mode));
    }
    int bits = own.integer("bits", 1, MAX_BITS).orElseGet(() -> whole.required("bits", MAX_BITS));
    int groupSize =
        own.integer("group_size", 1, MAX_GROUP_SIZE)
            .orElseGet(() -> whole.required("group_size", MAX_GROUP_SIZE));
    try {
      return new AffineType(
          bits,
          groupSize,
          scales
              .dtype()
              .orElseThrow(
                  () -> file.problem("tensor %s has type %s", scales.name(), scales.type())));
    } catch (IllegalArgumentException e) {
      throw file.problem("part %s: %s", part, e.getMessage());
    }
  }
}
