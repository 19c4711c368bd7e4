package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.model.ModelConfig;
import io.millrace.model.ScalarLlama;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders as the MLX llama and mistral examples write them. */
class MetaFolderTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"F32, false", "F16, false", "BF16, false", "F32, true", "F16, true", "BF16, true"})
  void shouldComputeALlamaInEveryType(Type type, boolean deflated) {
    RandomModel model = new RandomModel(8).rounded(type);
    writer(model, type, deflated).write(folder.resolve("weights.npz"));
    RandomModel.write(folder, config());

    assertAgrees(model.judge(false, 0));
  }

  @Test
  void shouldTakeWhatMetaLeavesOutFromTheTensors() {
    RandomModel model = new RandomModel(8);
    writer(model, Type.F32, false).write(folder.resolve("weights.npz"));
    ObjectNode config = config().put("vocab_size", -1).put("multiple_of", 256);
    config.remove("n_kv_heads");
    RandomModel.write(folder, config);

    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.config())
          .returns(RandomModel.VOCABULARY, ModelConfig::vocabSize)
          .returns(RandomModel.FFN_DIM, ModelConfig::ffnDim)
          .returns(RandomModel.HEADS, ModelConfig::kvHeads)
          .returns(8, ModelConfig::headDim)
          .returns(4096, ModelConfig::contextLength);
      assertThat(checkpoint.summary().vocabSize()).isZero();
      assertThat(checkpoint.config().rope().frequencies()[1]).isCloseTo(0.1, within(1e-12));
    }
  }

  @Test
  void shouldDropTheWindowOfAMistral() {
    RandomModel model = new RandomModel(12);
    writer(model, Type.F32, false).write(folder.resolve("weights.npz"));
    RandomModel.write(
        folder, config().put("model_type", "mistral").put("sliding_window", 4).put("head_dim", 12));

    assertAgrees(model.judge(false, 0));
  }

  @Test
  void shouldRotateHalvesWhenTheConfigurationSaysSo() {
    RandomModel model = new RandomModel(8);
    writer(model, Type.F32, false).write(folder.resolve("weights.npz"));
    RandomModel.write(folder, config().put("rope_traditional", false));

    assertAgrees(model.judge(true, 0));
  }

  @Test
  void shouldReadShards() {
    RandomModel model = new RandomModel(8);
    NpzWriter[] shards = {new NpzWriter(false), new NpzWriter(true)};
    model.write(
        TensorNames.META,
        (name, values) -> plain(shards[name.contains("layers.1") ? 1 : 0], Type.F16, name, values));
    shards[0].write(folder.resolve("weights.00.npz"));
    shards[1].array("rope.freqs", "<f4", new byte[16], 4).write(folder.resolve("weights.01.npz"));
    RandomModel.write(folder, config());

    assertAgrees(model.rounded(Type.F16).judge(false, 0));
  }

  @ParameterizedTest
  @CsvSource({"4, 32, F16", "8, 32, F32", "2, 32, BF16"})
  void shouldComputeWithQuantizedWeights(int bits, int groupSize, Type scaleType) {
    RandomModel model = new RandomModel(8).rounded(scaleType);
    NpzWriter writer = new NpzWriter(false);
    model.write(
        TensorNames.META,
        (name, values) -> {
          if (values.length == 1) {
            plain(writer, scaleType, name, values);
            return;
          }
          MlxQuantizer quantized = MlxQuantizer.quantize(values, bits, groupSize, scaleType);
          String part = name.replace(".weight", "");
          int packed = values[0].length * bits / 32;
          writer.array(name, "<u4", quantized.quants(), values.length, packed);
          plain(writer, scaleType, part + ".scales", quantized.scales());
          plain(writer, scaleType, part + ".biases", quantized.biases());
          System.arraycopy(quantized.values(), 0, values, 0, values.length);
        });
    writer.write(folder.resolve("weights.npz"));
    ObjectNode config = config();
    config.putObject("quantization").put("group_size", groupSize).put("bits", bits);
    RandomModel.write(folder, config);

    assertAgrees(model.judge(false, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "model_type, '\"mixtral\"', 'has model_type mixtral, which this build cannot compute'",
    "use_scaled_rope, true, has use_scaled_rope",
    "n_layers, 0, 'n_layers is 0, expected an integer from 1'",
    "n_heads, 5, dim 32 is no multiple of n_heads 5"
  })
  void shouldRefuseWhatItCannotCompute(String key, String value, String problem) throws Exception {
    writer(new RandomModel(8), Type.F32, false).write(folder.resolve("weights.npz"));
    ObjectNode config = config();
    config.set(key, new ObjectMapper().readTree(value));
    RandomModel.write(folder, config);

    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertProblem(checkpoint::config, problem);
    }
  }

  @Test
  void shouldNameTensorsAsTheFileDoes() {
    RandomModel model = new RandomModel(8);
    model.weights.put("blk.0.w9.weight", new float[][] {{1}});
    writer(model, Type.F32, false).write(folder.resolve("weights.npz"));
    RandomModel.write(folder, config());

    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertProblem(checkpoint::weights, "has tensor layers.0.w9.weight, which no architecture");
    }
  }

  private static ObjectNode config() {
    return new ObjectMapper()
        .createObjectNode()
        .put("dim", RandomModel.DIM)
        .put("n_layers", RandomModel.LAYERS)
        .put("n_heads", RandomModel.HEADS)
        .put("n_kv_heads", RandomModel.KV_HEADS)
        .put("norm_eps", RandomModel.EPSILON)
        .put("vocab_size", RandomModel.VOCABULARY);
  }

  private static NpzWriter writer(RandomModel model, Type type, boolean deflated) {
    NpzWriter writer = new NpzWriter(deflated);
    model.write(TensorNames.META, (name, values) -> plain(writer, type, name, values));
    return writer;
  }

  private static void plain(NpzWriter writer, Type type, String name, float[][] values) {
    String numpy =
        switch (type) {
          case F32 -> "<f4";
          case F16 -> "<f2";
          case BF16 -> "<V2";
        };
    if (values.length == 1) {
      writer.array(name, numpy, type.bytes(values), values[0].length);
    } else {
      writer.array(name, numpy, type.bytes(values), values.length, values[0].length);
    }
  }

  private void assertAgrees(ScalarLlama judge) {
    assertThat(RandomModel.logits(folder))
        .containsExactly(judge.logits(RandomModel.TOKENS), within(2e-4));
  }

  private static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageContaining(problem);
  }
}
