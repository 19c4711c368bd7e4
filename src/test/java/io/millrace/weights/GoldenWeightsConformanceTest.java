package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.SharedFiles;
import io.millrace.model.Llama;
import io.millrace.tensor.Activation;
import io.millrace.tensor.Backend;
import io.millrace.tensor.Batch;
import io.millrace.tensor.KvCache;
import io.millrace.tensor.ReferenceBackend;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What an independent program computed in float64 for the same files, on the reference backend:
 * where this agrees and the command line does not, a kernel is wrong.
 */
class GoldenWeightsConformanceTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "stories260K-Q4_0.gguf",
        "random-Q4_K_M.gguf",
        "random-Q6_K.gguf",
        "mlx-llama-npz",
        "hf-safetensors-bf16",
        "mlx-lm-4bit-g64"
      })
  void shouldGiveTheLogits(String file) throws IOException {
    JsonNode golden =
        new ObjectMapper().readTree(SharedFiles.require("models/golden.json").toFile()).get(file);
    int[] tokens =
        IntStream.range(0, 5).map(i -> golden.at("/prompt_tokens/" + i).asInt()).toArray();

    try (Checkpoint checkpoint = Checkpoint.open(SharedFiles.require("models/" + file));
        Backend backend = new ReferenceBackend()) {
      Llama llama = Llama.load(checkpoint.config(), checkpoint.weights(), backend, 5, 1);
      KvCache cache = backend.allocate(llama.config().kvShape(), 1, backend.cacheType());
      Activation rows =
          llama.forward(
              new Batch(
                  tokens, new int[] {0, 1, 2, 3, 4}, new int[5], new int[][] {{0}}, new int[] {4}),
              cache);
      float[] logits = new float[llama.config().vocabSize()];
      backend.read(rows, 0, logits);

      JsonNode expected = golden.get("last_logits");
      for (int id = 0; id < expected.size(); id++) {
        assertThat(logits[id])
            .as("logit %d", id)
            .isCloseTo(expected.get(id).floatValue(), within(1e-4f));
      }
    }
  }
}
