package io.millrace.metal;

import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.Rope;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * How long Java takes to encode a step, with the simulator's execution switched off. Not part of
 * the build: run it with {@code -Dtest=EncodingMeasurement} on an idle machine.
 */
class EncodingMeasurement {
  private static final int LAYERS = 16;
  private static final int WARM_UP = 2000;
  private static final int STEPS = 1000;

  @Test
  void encodeADecodingStep() {
    Simulator simulator = Simulator.require();
    simulator.execution(false);
    Rope rope = Rope.standard(32, 10_000, Rope.Pairing.INTERLEAVED);
    ModelConfig config =
        new ModelConfig(
            "llama",
            96,
            64,
            LAYERS,
            2,
            1,
            32,
            96,
            1e-5f,
            2048,
            rope,
            ModelConfig.unlimited(LAYERS));
    try (MetalBackend backend = MetalBackend.open(simulator.libraries())) {
      Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 8, 8);
      try (KvCache cache = backend.allocate(config.kvShape(), 1, backend.cacheType())) {
        Batch step = new Batch(new int[1], new int[1], new int[1], new int[1][1], new int[1]);
        double[] millis = new double[WARM_UP + STEPS];
        for (int i = 0; i < millis.length; i++) {
          long start = System.nanoTime();
          llama.forward(step, cache);
          millis[i] = (System.nanoTime() - start) / 1e6;
        }

        double[] sorted = Arrays.stream(millis).skip(WARM_UP).sorted().toArray();
        System.out.printf(
            "encoding a step of %d layers: %.3f ms (median), %.3f ms (95th percentile)%n",
            LAYERS, sorted[STEPS / 2], sorted[STEPS * 95 / 100]);
      }
    }
  }
}
