package io.millrace.weights;

import static io.millrace.weights.HuggingFaceFolder.assertAgrees;
import static io.millrace.weights.HuggingFaceFolder.assertProblem;
import static io.millrace.weights.HuggingFaceFolder.plain;
import static io.millrace.weights.HuggingFaceFolder.writer;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.weights.RandomModel.Type;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    Path written = folder().write(model, type, model.huggingFaceConfig("llama"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldUseTheEmbeddingAsOutputWhenTied() {
    RandomModel model = new RandomModel(8);
    Path leftOver =
        folder()
            .write(
                model, Type.F32, model.huggingFaceConfig("llama").put("tie_word_embeddings", true));

    assertAgrees(leftOver, model.tied().judge(true, 0));

    Path missing = folder().write(model, Type.F32, model.huggingFaceConfig("llama"));
    assertAgrees(missing, model.judge(true, 0));
  }

  @Test
  void shouldAddBiasesOfALlama() {
    RandomModel model = new RandomModel(8).withQkvBias().withOtherBiases();
    ObjectNode config =
        model.huggingFaceConfig("llama").put("attention_bias", true).put("mlp_bias", true);

    assertAgrees(folder().write(model, Type.F32, config), model.judge(true, 0));
  }

  @Test
  void shouldComputeAQwen2() {
    RandomModel model = new RandomModel(8).withQkvBias().tied();

    Path written = folder().write(model, Type.F32, model.huggingFaceConfig("qwen2"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldComputeAQwen3WithHeadsOfAnySize() {
    RandomModel model = new RandomModel(12).withHeadNorms();

    Path written = folder().write(model, Type.F32, model.huggingFaceConfig("qwen3"));

    assertAgrees(written, model.judge(true, 0));
  }

  @Test
  void shouldGiveAMistralItsWindow() {
    RandomModel model = new RandomModel(8);

    Path written =
        folder()
            .write(model, Type.F32, model.huggingFaceConfig("mistral").put("sliding_window", 4));

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

    assertThat(folder().config(model, config).windows()).containsExactly(0, 4);
    assertThat(folder().config(model, qwen).windows()).containsExactly(0, 5);
    assertThat(folder().config(model, qwen.put("use_sliding_window", false)).windows())
        .containsExactly(0, 0);
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

    assertProblem(
        () -> folder().config(model, model.huggingFaceConfig("llama").put(key, value)), problem);
  }

  @Test
  void shouldRefuseConfigurationsThatDoNotFit() {
    RandomModel model = new RandomModel(8);

    assertProblem(
        () ->
            folder().config(model, model.huggingFaceConfig("llama").put("num_key_value_heads", 3)),
        "key-value head count (heads 4) is 3");
    assertProblem(
        () -> folder().config(model, model.huggingFaceConfig("llama").put("hidden_size", "x")),
        "hidden_size is \"x\", expected an integer from 1 to");
    assertProblem(
        () ->
            folder().config(model, model.huggingFaceConfig("llama").put("num_hidden_layers", 1e9)),
        "num_hidden_layers is 1.0E9, expected an integer");
    assertProblem(
        () -> folder().config(model, model.huggingFaceConfig("llama").put("rope_theta", -1)),
        "base -1.0");
    ObjectNode rope = model.huggingFaceConfig("llama");
    rope.putObject("rope_scaling").put("type", "su");
    assertProblem(() -> folder().config(model, rope), "rotary embedding of type su");
    ObjectNode gptq = model.huggingFaceConfig("llama");
    gptq.putObject("quantization_config").put("quant_method", "gptq");
    assertProblem(() -> folder().config(model, gptq), "is quantized with gptq");
  }

  @Test
  void shouldRefuseTensorsThatDoNotBelong() {
    RandomModel biased = new RandomModel(8).withQkvBias();
    RandomModel plain = new RandomModel(8);

    assertProblem(
        () -> folder().weights(biased, biased.huggingFaceConfig("llama")),
        "has tensor model.layers.0.self_attn.");
    assertProblem(
        () -> folder().weights(plain, plain.huggingFaceConfig("qwen2")),
        "has no tensor model.layers.0.self_attn.k_proj.bias, which its architecture needs");
    plain.weights.put("blk.0.attn_norm.extra", new float[][] {{1}});
    assertProblem(
        () -> folder().weights(plain, plain.huggingFaceConfig("llama")),
        "has tensor model.layers.0.input_layernorm.extra, which no architecture");
  }

  @Test
  void shouldNameTensorsAsTheFileDoes() {
    RandomModel model = new RandomModel(8);
    model.weights.remove("blk.1.ffn_up.weight");
    Path written = folder().write(model, Type.F32, model.huggingFaceConfig("llama"));

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

  private HuggingFaceFolder folder() {
    return new HuggingFaceFolder(folder);
  }
}
