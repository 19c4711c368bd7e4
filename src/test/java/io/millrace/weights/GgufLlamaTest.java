package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.millrace.model.ModelConfig;
import io.millrace.model.RopeScaling;
import io.millrace.tensor.Rope;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufLlamaTest {
  @TempDir private Path directory;

  @Test
  void shouldReadTheShapeOfTheModel() {
    ModelConfig config = config(TinyModel.writer());

    assertThat(config)
        .returns("llama", ModelConfig::architecture)
        .returns(TinyModel.pieces().size(), ModelConfig::vocabSize)
        .returns(8, ModelConfig::dim)
        .returns(1, ModelConfig::layers)
        .returns(2, ModelConfig::heads)
        .returns(1, ModelConfig::kvHeads)
        .returns(4, ModelConfig::headDim)
        .returns(16, ModelConfig::ffnDim)
        .returns(64, ModelConfig::contextLength)
        .returns(List.of(0), ModelConfig::windows);
    assertThat(config.rope().pairing()).isEqualTo(Rope.Pairing.INTERLEAVED);
    assertThat(config.rope().frequencies()).containsExactly(new double[] {1, 0.01}, within(1e-12));
  }

  @Test
  void shouldTakeAsManyKeyValueHeadsAsHeadsWhenTheFileDoesNotSay() {
    assertThat(config(TinyModel.writer().remove("llama.attention.head_count_kv")).kvHeads())
        .isEqualTo(2);
  }

  @Test
  void shouldTakeTheHeadSizeThatTheFileNames() {
    ModelConfig config =
        config(
            TinyModel.writer()
                .put("llama.attention.key_length", 16)
                .put("llama.attention.value_length", 16));

    assertThat(config.headDim()).isEqualTo(16);
    assertThat(config.rope().rotated()).isEqualTo(16);
  }

  @Test
  void shouldTurnByTheBaseAndThePartThatTheFileNames() {
    ModelConfig config =
        config(
            TinyModel.writer()
                .put("llama.attention.key_length", 16)
                .put("llama.attention.value_length", 16)
                .put("llama.rope.dimension_count", 8)
                .put("llama.rope.freq_base", 500_000f));

    double[] expected =
        IntStream.range(0, 4).mapToDouble(i -> Math.pow(500_000, -i / 4.0)).toArray();
    assertThat(config.rope().frequencies()).containsExactly(expected, within(1e-12));
  }

  @Test
  void shouldDivideFrequenciesByTheLinearFactor() {
    double[] plain = config(TinyModel.writer()).rope().frequencies();

    double[] scaled =
        config(
                TinyModel.writer()
                    .put("llama.rope.scaling.type", "linear")
                    .put("llama.rope.scaling.factor", 4f))
            .rope()
            .frequencies();

    assertThat(scaled).containsExactly(new double[] {plain[0] / 4, plain[1] / 4}, within(1e-15));
  }

  @Test
  void shouldIgnoreTheFactorWhenThereIsNoScaling() {
    ModelConfig config =
        config(
            TinyModel.writer()
                .put("llama.rope.scaling.type", "none")
                .put("llama.rope.scaling.factor", 4f));

    assertThat(config.rope().frequencies()[0]).isEqualTo(1);
  }

  @Test
  void shouldDivideEachFrequencyByItsOwnFactor() {
    ModelConfig config = config(TinyModel.writer().f32("rope_freqs.weight", 1, 2, 1, 8));

    assertThat(config.rope().frequencies())
        .containsExactly(new double[] {1, 0.01 / 8}, within(1e-12));
  }

  @Test
  void shouldCountTokensByTheVocabularyWhenThereAreNoWeights() {
    GgufWriter writer =
        TinyModel.vocabulary()
            .put("llama.context_length", 64)
            .put("llama.embedding_length", 8)
            .put("llama.block_count", 1)
            .put("llama.feed_forward_length", 16)
            .put("llama.attention.head_count", 2)
            .put("llama.attention.layer_norm_rms_epsilon", 1e-5f);

    assertThat(config(writer).vocabSize()).isEqualTo(TinyModel.pieces().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "general.architecture",
        "llama.context_length",
        "llama.embedding_length",
        "llama.block_count",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon"
      })
  void shouldNameAKeyThatIsMissing(String key) {
    assertProblem(() -> config(TinyModel.writer().remove(key)), "has no metadata " + key);
  }

  @ParameterizedTest
  @CsvSource({
    "general.architecture, mamba, 'architecture mamba, which this build cannot compute'",
    "llama.rope.scaling.type, su, 'scaling.type is su, which this build cannot compute'"
  })
  void shouldRefuseByNameWhatItCannotCompute(String key, String value, String problem) {
    assertProblem(() -> config(TinyModel.writer().put(key, value)), problem);
  }

  @ParameterizedTest
  @CsvSource({
    "llama.expert_count, 8, mixture of 8 experts",
    "llama.embedding_length, 0, llama.embedding_length is 0",
    "llama.embedding_length, -1, llama.embedding_length is 4294967295",
    "llama.embedding_length, 9, 9 is no multiple of the head count 2",
    "llama.block_count, 5000, llama.block_count is 5000",
    "llama.attention.head_count_kv, 3, head_count_kv is 3",
    "llama.attention.head_count, 100000, head_count is 100000",
    "llama.attention.value_length, 8, keys have 4 and values 8",
    "llama.attention.key_length, 3, rotates 3 elements",
    "llama.rope.dimension_count, 6, rope.dimension_count is 6",
    "llama.rope.dimension_count, 3, rotates 3 elements",
    "llama.context_length, 0, llama.context_length is 0"
  })
  void shouldRefuseNumbersThatNoModelHas(String key, int value, String problem) {
    assertProblem(() -> config(TinyModel.writer().put(key, value)), problem);
  }

  @ParameterizedTest
  @CsvSource({
    "llama.attention.layer_norm_rms_epsilon, 0, RMSNorm epsilon",
    "llama.attention.layer_norm_rms_epsilon, NaN, RMSNorm epsilon",
    "llama.rope.freq_base, NaN, base NaN",
    "llama.rope.freq_base, 0, base 0",
    "llama.rope.freq_base, Infinity, base Infinity",
    "llama.rope.scaling.factor, NaN, has factor NaN",
    "llama.rope.scaling.factor, -2, has factor -2",
    "llama.rope.scaling.attn_factor, 0, attention factor 0"
  })
  void shouldRefuseRealsThatNoModelHas(String key, float value, String problem) {
    assertProblem(() -> config(TinyModel.writer().put(key, value)), problem);
  }

  @Test
  void shouldRefuseFactorsOfFrequenciesThatDoNotFit() {
    assertProblem(
        () -> config(TinyModel.writer().f32("rope_freqs.weight", 1, 3, 1)),
        "has 3 factors, expected 2");
    assertProblem(
        () -> config(TinyModel.writer().f32("rope_freqs.weight", 1, 2, 0)), "has factors 0.0");
  }

  @Test
  void shouldRefuseAnEmbeddingThatDoesNotFitTheVocabulary() {
    assertProblem(
        () -> config(TinyModel.writer().put("tokenizer.ggml.tokens", List.of("a", "b"))),
        "rows, but the vocabulary has 2 tokens");
  }

  @Test
  void shouldRefuseTensorsItWouldHaveToLeaveOut() {
    GgufWriter norm = TinyModel.writer().f32("blk.0.attn_q_norm.weight", 1, 4);
    GgufWriter block = TinyModel.writer().f32("blk.1.attn_q.weight", TinyModel.DIM, TinyModel.DIM);

    assertProblem(() -> weights(norm), "has tensor blk.0.attn_q_norm.weight");
    assertProblem(() -> weights(block), "has tensor blk.1.attn_q.weight");
  }

  @Test
  void shouldRefuseAModelWithoutTheTensorsOfItsFamily() {
    assertProblem(
        () -> weights(TinyModel.writer("qwen2")),
        "has no tensor blk.0.attn_k.bias, which its architecture needs");
    assertProblem(
        () -> weights(TinyModel.writer("qwen3")),
        "has no tensor blk.0.attn_k_norm.weight, which its architecture needs");
  }

  @ParameterizedTest
  @CsvSource({"llama, INTERLEAVED", "qwen2, HALF_SPLIT", "qwen3, HALF_SPLIT"})
  void shouldPairElementsAsTheArchitectureDoes(String architecture, Rope.Pairing pairing) {
    ModelConfig config = config(TinyModel.writer(architecture));

    assertThat(config.architecture()).isEqualTo(architecture);
    assertThat(config.rope().pairing()).isEqualTo(pairing);
  }

  @Test
  void shouldScaleByYarn() {
    Rope rope =
        config(
                TinyModel.writer()
                    .put("llama.attention.key_length", 16)
                    .put("llama.attention.value_length", 16)
                    .put("llama.context_length", 1024)
                    .put("llama.rope.scaling.type", "yarn")
                    .put("llama.rope.scaling.factor", 4f)
                    .put("llama.rope.scaling.original_context_length", 256))
            .rope();

    Rope expected =
        new RopeScaling(16, 10_000, Rope.Pairing.INTERLEAVED)
            .yarn(4, 256, 32, 1, RopeScaling.yarnAttention(4, 1, 0));
    assertThat(rope.frequencies()).containsExactly(expected.frequencies());
    assertThat(rope.scale()).isEqualTo(expected.scale()).isGreaterThan(1);
  }

  @Test
  void shouldScaleByLongFactors() {
    GgufWriter writer =
        TinyModel.writer()
            .put("llama.rope.scaling.type", "longrope")
            .put("llama.rope.scaling.original_context_length", 16)
            .f32("rope_factors_long.weight", 1, 2, 1, 8)
            .f32("rope_factors_short.weight", 1, 2, 1, 1);

    Rope computed = config(writer).rope();
    Rope named = config(writer.put("llama.rope.scaling.attn_factor", 1.25f)).rope();

    assertThat(computed.frequencies()).containsExactly(new double[] {1, 0.01 / 8}, within(1e-12));
    assertThat(computed.scale()).isCloseTo((float) Math.sqrt(1.5), within(1e-6f));
    assertThat(named.scale()).isEqualTo(1.25f);
    weights(writer);
  }

  private ModelConfig config(GgufWriter writer) {
    try (Checkpoint checkpoint = open(writer)) {
      return checkpoint.config();
    }
  }

  private void weights(GgufWriter writer) {
    try (Checkpoint checkpoint = open(writer)) {
      checkpoint.weights();
    }
  }

  private Checkpoint open(GgufWriter writer) {
    return Checkpoint.open(writer.write(directory.resolve("tiny.gguf")));
  }

  private static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageStartingWith("tiny.gguf: ")
        .withMessageContaining(problem);
  }
}
