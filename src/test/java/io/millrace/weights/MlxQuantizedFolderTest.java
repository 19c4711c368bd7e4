package io.millrace.weights;

import static io.millrace.weights.HuggingFaceFolder.assertAgrees;
import static io.millrace.weights.HuggingFaceFolder.plain;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders whose weights mlx-lm has quantized. */
class MlxQuantizedFolderTest {
  @TempDir private Path folder;

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
}
