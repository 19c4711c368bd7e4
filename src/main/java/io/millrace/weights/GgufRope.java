package io.millrace.weights;

import io.millrace.tensor.Rope;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The rotary embedding of a llama model in a GGUF file, with llama.cpp's defaults. */
final class GgufRope {
  /** A tensor that divides each frequency by a factor of its own, as Llama 3.1 needs it. */
  static final String FACTORS = "rope_freqs.weight";

  private static final String SCALING_TYPE_KEY = "llama.rope.scaling.type";
  private static final double DEFAULT_BASE = 10_000;

  private final GgufFile gguf;
  private final GgufMetadata metadata;

  GgufRope(GgufFile gguf) {
    this.gguf = gguf;
    this.metadata = gguf.metadata();
  }

  /**
   * Pair {@code i} of {@code d/2} has the frequency {@code base^(-2i/d)} (Su et al., 2021), divided
   * by the factor of linear scaling and by the pair's own factor, where there are any.
   */
  Rope read(int headDim) {
    int rotated = metadata.integer("llama.rope.dimension_count", 2, headDim).orElse(headDim);
    double base = metadata.real("llama.rope.freq_base").orElse(DEFAULT_BASE);
    if (rotated % 2 != 0 || !(base >= 1) || Double.isInfinite(base)) {
      throw metadata.problem(
          "rotates %d elements of a head with base %s, expected an even number and a base of at"
                  .formatted(rotated, base)
              + " least 1");
    }
    double divisor = linearFactor();
    float[] factors = factors(rotated / 2);
    double[] frequencies = new double[rotated / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = Math.pow(base, -2.0 * i / rotated) / divisor / factors[i];
    }
    return new Rope(frequencies, Rope.Pairing.INTERLEAVED, 1);
  }

  private double linearFactor() {
    String type = metadata.label(SCALING_TYPE_KEY).orElse("linear");
    return switch (type) {
      case "none" -> 1;
      case "linear" -> {
        // Old files have the second key. 0 stands for none.
        double factor =
            metadata
                .real("llama.rope.scaling.factor")
                .orElseGet(() -> metadata.real("llama.rope.scale_linear").orElse(0));
        if (!(factor >= 0) || Double.isInfinite(factor)) {
          throw metadata.problem(
              "has the rope scaling factor %s, expected a number above 0".formatted(factor));
        }
        yield factor == 0 ? 1 : factor;
      }
      default ->
          throw metadata.problem(
              "metadata %s is %s, which this build cannot compute, expected none or linear"
                  .formatted(SCALING_TYPE_KEY, type));
    };
  }

  /** Divisors of the frequencies, one for each pair; all 1 in a file that has none. */
  private float[] factors(int pairs) {
    float[] factors = new float[pairs];
    Arrays.fill(factors, 1);
    gguf.tensor(FACTORS).ifPresent(tensor -> readFactors(tensor, factors));
    return factors;
  }

  private void readFactors(GgufTensor tensor, float[] factors) {
    if (tensor.type() != GgmlType.F32 || tensor.elements() != factors.length) {
      throw metadata.problem(
          "tensor %s has %d elements of type %s, expected %d of type F32"
              .formatted(tensor.name(), tensor.elements(), tensor.type(), factors.length));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = gguf.source(tensor).map(arena);
      for (int i = 0; i < factors.length; i++) {
        factors[i] = Float.intBitsToFloat(bytes.get(GgufCursor.INT, (long) i * Float.BYTES));
        if (!(factors[i] > 0) || Float.isInfinite(factors[i])) {
          throw metadata.problem(
              "tensor %s has factor %s, expected above 0".formatted(tensor.name(), factors[i]));
        }
      }
    }
  }
}
