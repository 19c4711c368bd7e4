package io.millrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.tensor.DType;
import io.millrace.tensor.Dequantizer;
import io.millrace.tensor.TensorSource;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomWeightsTest {
  /** A matrix keeps the size of what it multiplies when its elements deviate by 1/√cols. */
  @ParameterizedTest
  @EnumSource
  void shouldKeepTheResidualStreamAtUnitSize(DType dtype) {
    ModelConfig config = ModelShape.TINYLLAMA_1_1B.config();
    TensorSource source = new RandomWeights(config, dtype, 1).get("blk.0.attn_k.weight", 256, 2048);
    float[] elements = new float[256 * 2048];

    try (Arena arena = Arena.ofConfined()) {
      Dequantizer.read(dtype, source.map(arena), 0, elements);
    }

    double sum = 0;
    double squares = 0;
    for (float element : elements) {
      sum += element;
      squares += (double) element * element;
    }
    double expected = 1 / Math.sqrt(2048);
    assertThat(sum / elements.length).isCloseTo(0, within(expected / 5));
    assertThat(Math.sqrt(squares / elements.length)).isCloseTo(expected, within(expected / 10));
  }
}
