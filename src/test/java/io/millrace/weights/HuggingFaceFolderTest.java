package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.model.ModelConfig;
import io.millrace.model.RopeScaling;
import io.millrace.model.ScalarLlama;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.Rope;
import io.millrace.tensor.TensorSource;
import io.millrace.weights.RandomModel.Type;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Folders as Hugging Face Transformers and mlx-lm write them. */
class HuggingFaceFolderTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void shouldComputeALlamaInEveryType(Type type) {
    RandomModel model = new RandomModel(8).rounded(type);

    Path written = write(model, type, model.huggingFaceConfig("llama"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldUseTheEmbeddingAsOutputWhenTied() {
    RandomModel model = new RandomModel(8);
    Path leftOver =
        write(model, Type.F32, model.huggingFaceConfig("llama").put("tie_word_embeddings", true));

    assertAgrees(leftOver, model.tied().judge(true, 0));

    Path missing = write(model, Type.F32, model.huggingFaceConfig("llama"));
    assertAgrees(missing, model.judge(true, 0));
  }

  @Test
  void shouldAddBiasesOfALlama() {
    RandomModel model = new RandomModel(8).withQkvBias().withOtherBiases();
    ObjectNode config =
        model.huggingFaceConfig("llama").put("attention_bias", true).put("mlp_bias", true);

    assertAgrees(write(model, Type.F32, config), model.judge(true, 0));
  }

  @Test
  void shouldComputeAQwen2() {
    RandomModel model = new RandomModel(8).withQkvBias().tied();

    Path written = write(model, Type.F32, model.huggingFaceConfig("qwen2"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldComputeAQwen3WithHeadsOfAnySize() {
    RandomModel model = new RandomModel(12).withHeadNorms();

    Path written = write(model, Type.F32, model.huggingFaceConfig("qwen3"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldGiveAMistralItsWindow() {
    RandomModel model = new RandomModel(8);

    Path written =
        write(model, Type.F32, model.huggingFaceConfig("mistral").put("sliding_window", 4));

    assertAgrees(written, model.judge(true, 4));
  }

  @Test
  void shouldGiveNoWindowWhereMlxLmGivesNone() {
    RandomModel model = new RandomModel(8);
    ObjectNode config = model.huggingFaceConfig("mistral").put("sliding_window", 4);
    RandomModel.write(folder, config);
    writer(model, Type.F32).metadata("format", "mlx").write(folder.resolve("model.safetensors"));

    assertAgrees(folder, model.judge(true, 0));
  }

  @Test
  void shouldGiveWindowsToTheLayersThatTheConfigurationNames() {
    RandomModel model = new RandomModel(8);
    ObjectNode config = model.huggingFaceConfig("llama").put("sliding_window", 4);
    config.putArray("layer_types").add("full_attention").add("sliding_attention");
    ObjectNode qwen =
        model
            .huggingFaceConfig("qwen2")
            .put("use_sliding_window", true)
            .put("sliding_window", 5)
            .put("max_window_layers", 1);

    assertThat(config(model, config).windows()).containsExactly(0, 4);
    assertThat(config(model, qwen).windows()).containsExactly(0, 5);
    assertThat(config(model, qwen.put("use_sliding_window", false)).windows())
        .containsExactly(0, 0);
  }

  @ParameterizedTest
  @CsvSource({"2, 32, F16", "3, 32, F32", "4, 32, BF16", "5, 32, F16", "6, 32, F32", "8, 32, BF16"})
  void shouldComputeWithQuantizedWeights(int bits, int groupSize, Type scaleType) {
    RandomModel model = new RandomModel(8).rounded(scaleType);
    ObjectNode config = model.huggingFaceConfig("llama");
    config.putObject("quantization").put("group_size", groupSize).put("bits", bits);

    Path written = writeQuantized(model, bits, groupSize, scaleType, config);

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldUseAQuantizedEmbeddingAsOutput() {
    RandomModel model = new RandomModel(8).tied().rounded(Type.F16);
    ObjectNode config = model.huggingFaceConfig("llama").put("tie_word_embeddings", true);
    config.putObject("quantization").put("group_size", 32).put("bits", 4);

    Path written = writeQuantized(model, 4, 32, Type.F16, config);

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldQuantizeEachPartAsTheConfigurationSays() {
    RandomModel model = new RandomModel(8).rounded(Type.F16);
    ObjectNode config = model.huggingFaceConfig("llama");
    ObjectNode quantization = config.putObject("quantization").put("group_size", 32).put("bits", 4);
    String wide = "model.layers.1.mlp.down_proj";
    String plain = "model.layers.0.self_attn.q_proj";
    quantization.putObject(wide).put("group_size", 64).put("bits", 6);
    quantization.put(plain, false);
    SafetensorsWriter writer = new SafetensorsWriter();
    model.write(
        TensorNames.HUGGING_FACE,
        (name, values) -> {
          if (name.startsWith(plain) || values.length == 1) {
            plain(writer, Type.F16, name, values);
          } else {
            boolean isWide = name.startsWith(wide);
            quantized(writer, name, values, isWide ? 6 : 4, isWide ? 64 : 32, Type.F16);
          }
        });
    writer.write(folder.resolve("model.safetensors"));
    RandomModel.write(folder, config);

    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.weights().find("blk.1.ffn_down.weight").map(TensorSource::dtype))
          .hasValue(new AffineType(6, 64, DType.F16));
      assertThat(checkpoint.weights().find("blk.0.attn_q.weight").map(TensorSource::dtype))
          .hasValue(DType.F16);
      assertThat(checkpoint.summary().types())
          .extracting(CheckpointSummary.TypeShare::type)
          .containsExactly("affine 4-bit g32 F16", "F16", "affine 6-bit g64 F16");
    }
    assertAgrees(folder, model.judge(true, 0));
  }

  @Test
  void shouldScaleTheRotaryEmbedding() {
    RandomModel model = new RandomModel(8);
    RopeScaling rope = new RopeScaling(8, 10_000, Rope.Pairing.HALF_SPLIT);

    assertRope(
        model,
        Map.of("rope_type", "llama3", "factor", 8, "original_max_position_embeddings", 64),
        rope.llama3(8, 1, 4, 64));
    assertRope(model, Map.of("type", "linear", "factor", 2.5), rope.linear(2.5));
    assertRope(model, Map.of("type", "dynamic", "factor", 4), rope.dynamicNtk(4, 128));
    assertRope(
        model,
        Map.of(
            "type",
            "yarn",
            "factor",
            4,
            "original_max_position_embeddings",
            32,
            "beta_fast",
            16,
            "mscale",
            0.5),
        rope.yarn(4, 32, 16, 1, RopeScaling.yarnAttention(4, 0.5, 0)));
    assertRope(
        model,
        Map.of(
            "type",
            "longrope",
            "original_max_position_embeddings",
            32,
            "short_factor",
            List.of(1, 1, 1, 1),
            "long_factor",
            List.of(1, 2, 3, 4)),
        rope.longRope(new float[] {1, 2, 3, 4}, 128, 32));
  }

  @Test
  void shouldTurnAsScaled() {
    RandomModel model = new RandomModel(8);
    ObjectNode config = model.huggingFaceConfig("llama").put("max_position_embeddings", 4);
    config.putObject("rope_scaling").put("type", "dynamic").put("factor", 4);
    ScalarLlama judge =
        model.judge(
            true,
            0,
            (position, pair) -> {
              double length = Math.max(4, position + 1);
              double base = 10_000 * Math.pow(4 * length / 4 - 3, 8 / 6.0);
              return position * Math.pow(base, -2.0 * pair / 8);
            },
            1);

    assertAgrees(write(model, Type.F32, config), judge);
    assertThat(config(model, config).contextLength()).isEqualTo(16);
  }

  @Test
  void shouldReadTheRotaryEmbeddingOfNewerConfigurations() {
    RandomModel model = new RandomModel(8);
    ObjectNode config = model.huggingFaceConfig("llama");
    config.remove("rope_theta");
    config.putObject("rope_parameters").put("rope_theta", 500_000.0).put("rope_type", "default");

    assertThat(config(model, config).rope().frequencies())
        .containsExactly(Rope.standard(8, 500_000, Rope.Pairing.HALF_SPLIT).frequencies());
  }

  @Test
  void shouldReadShardsThroughTheirIndex() throws IOException {
    RandomModel model = new RandomModel(8);
    SafetensorsWriter[] shards = {new SafetensorsWriter(), new SafetensorsWriter()};
    ObjectNode index = model.huggingFaceConfig("x").removeAll();
    model.write(
        TensorNames.HUGGING_FACE,
        (name, values) -> {
          int shard = name.contains("layers.1") ? 1 : 0;
          plain(shards[shard], Type.F32, name, values);
          index
              .withObject("/weight_map")
              .put(name, "model-0000%d-of-2.safetensors".formatted(shard));
        });
    shards[0].write(folder.resolve("model-00000-of-2.safetensors"));
    shards[1].write(folder.resolve("model-00001-of-2.safetensors"));
    RandomModel.write(folder, model.huggingFaceConfig("llama"));

    assertAgrees(folder, model.judge(true, 0)); // mlx-lm needs no index

    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    assertAgrees(folder, model.judge(true, 0));

    index.withObject("/weight_map").put("lm_head.weight", "model-00001-of-2.safetensors");
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    assertProblem(
        () -> Checkpoint.open(folder),
        "model-00001-of-2.safetensors: has no tensor lm_head.weight, which");

    index.withObject("/weight_map").put("lm_head.weight", "../model-00001-of-2.safetensors");
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    assertProblem(
        () -> Checkpoint.open(folder), "names the file ../model-00001-of-2.safetensors, expected");
  }

  @ParameterizedTest
  @CsvSource({
    "model_type, mixtral, 'has model_type mixtral, which this build cannot compute'",
    "hidden_act, gelu, 'has hidden_act gelu, expected silu'",
  })
  void shouldRefuseByNameWhatItCannotCompute(String key, String value, String problem) {
    RandomModel model = new RandomModel(8);

    assertProblem(() -> config(model, model.huggingFaceConfig("llama").put(key, value)), problem);
  }

  @Test
  void shouldRefuseConfigurationsThatDoNotFit() {
    RandomModel model = new RandomModel(8);

    assertProblem(
        () -> config(model, model.huggingFaceConfig("llama").put("num_key_value_heads", 3)),
        "key-value head count (heads 4) is 3");
    assertProblem(
        () -> config(model, model.huggingFaceConfig("llama").put("hidden_size", "x")),
        "hidden_size is \"x\", expected an integer from 1 to");
    assertProblem(
        () -> config(model, model.huggingFaceConfig("llama").put("num_hidden_layers", 1e9)),
        "num_hidden_layers is 1.0E9, expected an integer");
    assertProblem(
        () -> config(model, model.huggingFaceConfig("llama").put("rope_theta", -1)), "base -1.0");
    ObjectNode rope = model.huggingFaceConfig("llama");
    rope.putObject("rope_scaling").put("type", "su");
    assertProblem(() -> config(model, rope), "rotary embedding of type su");
    ObjectNode gptq = model.huggingFaceConfig("llama");
    gptq.putObject("quantization_config").put("quant_method", "gptq");
    assertProblem(() -> config(model, gptq), "is quantized with gptq");
  }

  @Test
  void shouldRefuseTensorsThatDoNotBelong() {
    RandomModel biased = new RandomModel(8).withQkvBias();
    RandomModel plain = new RandomModel(8);

    assertProblem(
        () -> weights(biased, biased.huggingFaceConfig("llama")),
        "has tensor model.layers.0.self_attn.");
    assertProblem(
        () -> weights(plain, plain.huggingFaceConfig("qwen2")),
        "has no tensor model.layers.0.self_attn.k_proj.bias, which its architecture needs");
    plain.weights.put("blk.0.attn_norm.extra", new float[][] {{1}});
    assertProblem(
        () -> weights(plain, plain.huggingFaceConfig("llama")),
        "has tensor model.layers.0.input_layernorm.extra, which no architecture");
  }

  @Test
  void shouldNameTensorsAsTheFileDoes() {
    RandomModel model = new RandomModel(8);
    model.weights.remove("blk.1.ffn_up.weight");
    Path written = write(model, Type.F32, model.huggingFaceConfig("llama"));

    assertProblem(
        () -> RandomModel.logits(written),
        "tensor model.layers.1.mlp.up_proj.weight is missing, expected [64, 32]");
  }

  @Test
  void shouldOpenAFolderThatHasOnlyATokenizer() {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.summary().format()).isEqualTo("folder without weights");
      assertProblem(checkpoint::weights, "has no weights, expected model*.safetensors");
      assertProblem(checkpoint::config, "config.json: there is no such file");
      assertProblem(checkpoint::tokenizer, "has no tokenizer");
    }
  }

  private void assertRope(RandomModel model, Map<String, Object> scaling, Rope expected) {
    ObjectNode config = model.huggingFaceConfig("llama");
    config.putPOJO("rope_scaling", scaling);
    Rope rope = config(model, config.deepCopy()).rope();

    assertThat(rope.frequencies()).containsExactly(expected.frequencies());
    assertThat(rope.scale()).isEqualTo(expected.scale());
    assertThat(rope.growth()).isEqualTo(expected.growth());
  }

  private ModelConfig config(RandomModel model, ObjectNode config) {
    try (Checkpoint checkpoint = Checkpoint.open(write(model, Type.F32, config))) {
      return checkpoint.config();
    }
  }

  private void weights(RandomModel model, ObjectNode config) {
    try (Checkpoint checkpoint = Checkpoint.open(write(model, Type.F32, config))) {
      checkpoint.weights();
    }
  }

  private Path write(RandomModel model, Type type, ObjectNode config) {
    writer(model, type).write(folder.resolve("model.safetensors"));
    RandomModel.write(folder, config);
    return folder;
  }

  private static SafetensorsWriter writer(RandomModel model, Type type) {
    SafetensorsWriter writer = new SafetensorsWriter();
    model.write(TensorNames.HUGGING_FACE, (name, values) -> plain(writer, type, name, values));
    return writer;
  }

  /** Quantizes all matrices, of the model too, so that it can judge. */
  private Path writeQuantized(
      RandomModel model, int bits, int groupSize, Type scaleType, ObjectNode config) {
    SafetensorsWriter writer = new SafetensorsWriter();
    model.write(
        TensorNames.HUGGING_FACE,
        (name, values) -> {
          if (values.length == 1) {
            plain(writer, scaleType, name, values);
          } else {
            quantized(writer, name, values, bits, groupSize, scaleType);
          }
        });
    writer.metadata("format", "mlx").write(folder.resolve("model.safetensors"));
    RandomModel.write(folder, config);
    return folder;
  }

  static void plain(SafetensorsWriter writer, Type type, String name, float[][] values) {
    if (values.length == 1) {
      writer.tensor(name, type.name(), type.bytes(values), values[0].length);
    } else {
      writer.tensor(name, type.name(), type.bytes(values), values.length, values[0].length);
    }
  }

  private static void quantized(
      SafetensorsWriter writer,
      String name,
      float[][] values,
      int bits,
      int groupSize,
      Type scaleType) {
    MlxQuantizer quantized = MlxQuantizer.quantize(values, bits, groupSize, scaleType);
    String part = name.replace(".weight", "");
    int rows = values.length;
    int cols = values[0].length;
    plain(writer, scaleType, part + ".scales", quantized.scales());
    writer.tensor(name, "U32", quantized.quants(), rows, cols * bits / 32);
    plain(writer, scaleType, part + ".biases", quantized.biases());
    for (int row = 0; row < rows; row++) {
      values[row] = quantized.values()[row];
    }
  }

  private static void assertAgrees(Path model, ScalarLlama judge) {
    assertThat(RandomModel.logits(model))
        .containsExactly(judge.logits(RandomModel.TOKENS), within(2e-4));
  }

  private static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageContaining(problem);
  }
}
