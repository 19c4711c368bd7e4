package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.model.TopLogits;
import io.millrace.tensor.Activation;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.tensor.TensorRig;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The token from the largest logits is the one from the whole row, or none. */
class TopSamplerTest {
  private static final int VOCAB_SIZE = 2_000;
  private static final int TOP = 64;

  private final ReferenceBackend reference = new ReferenceBackend();

  /**
   * Temperature, top-p, top-k, min-p, how far logits spread, and the least share that is certain.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 40, 0, 1, 1",
    "0.7, 0.9, 40, 0, 1, 1",
    "0.7, 0.9, 64, 0.05, 3, 1",
    "1.3, 0.95, 50, 0.2, 3, 1",
    "0.8, 1, 0, 0.1, 5, 0.9",
    "0.8, 0.9, 0, 0.1, 5, 0.9",
    "0.7, 0.9, 0, 0, 6, 0.9",
    "1, 0.5, 0, 0, 5, 0.9",
    "1, 0.9, 0, 0, 0.1, 0",
    "1, 1, 65, 0, 1, 0",
    "1, 0.9, 100, 0.0001, 1, 0"
  })
  void shouldChooseTheTokenOfTheWholeRow(
      double temperature, double topP, int topK, double minP, double spread, double certain) {
    Candidates candidates = new Candidates(VOCAB_SIZE);
    int chosen = 0;
    int rows = 200;
    for (int row = 0; row < rows; row++) {
      Sampling sampling = new Sampling(temperature, topP, topK, minP, row);
      float[] logits = logits(row, spread);

      OptionalInt token =
          new TopSampler(sampling, candidates).sample(top(logits, temperature), row);

      if (token.isPresent()) {
        chosen++;
        assertThat(token).hasValue(Sampler.of(sampling, candidates).sample(logits, row));
      }
    }
    assertThat(chosen).isBetween((int) (certain * rows), certain == 0 ? 0 : rows);
  }

  /** Normal numbers, of which some are equal. */
  private static float[] logits(long seed, double spread) {
    Random random = new Random(seed);
    float[] logits = new float[VOCAB_SIZE];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (Math.rint(random.nextGaussian() * spread * 50) / 50);
    }
    return logits;
  }

  private TopLogits top(float[] logits, double temperature) {
    Activation out = reference.allocate(1, 2 * TOP + 1);
    reference.topK(
        TensorRig.activation(reference, logits), new float[] {(float) (1 / temperature)}, out);
    float[] result = TensorRig.read(reference, out, 1)[0];
    int[] tokens = new int[TOP];
    Arrays.setAll(tokens, i -> (int) result[i]);
    return new TopLogits(tokens, Arrays.copyOfRange(result, TOP, 2 * TOP), result[2 * TOP]);
  }

  @Test
  void shouldReadNoRowsWhereTheLargestLogitsSuffice() {
    try (GeneratorRig top = new GeneratorRig(new ByteTokenizer());
        GeneratorRig whole = new GeneratorRig(new ByteTokenizer())) {
      whole.changeLogits((row, logits) -> {});
      GenerationRequest few = request(new Sampling(0.8, 0.9, 20, 0, 7));
      GenerationRequest many = request(new Sampling(1.5, 0.99, 0, 0, 7));

      int[] tokens = top.run(few).tokens();
      int rowsRead = top.rowsRead();

      assertThat(tokens).hasSize(30).isEqualTo(whole.run(few).tokens());
      assertThat(rowsRead).isZero();
      assertThat(whole.rowsRead()).isEqualTo(30);
      assertThat(top.run(many).tokens()).isEqualTo(whole.run(many).tokens());
      assertThat(top.rowsRead()).isPositive();
    }
  }

  private static GenerationRequest request(Sampling sampling) {
    return new GenerationRequest(
        "sampled", "a prompt", 30, sampling, List.of(), 0, OptionalLong.empty(), Progress.NONE);
  }
}
