package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.model.ScalarLlama;
import io.millrace.tensor.Backend;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models of each architecture in GGUF files. */
class GgufFamilyTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void shouldComputeALlamaInEveryPlainType(Type type) {
    RandomModel model = new RandomModel(8).rounded(type);

    assertAgrees(write(model, type, "llama"), model.judge(false, 0));
  }

  @Test
  void shouldAddWhatBiasesALlamaHas() {
    RandomModel model = new RandomModel(8).withQkvBias().withOtherBiases().tied();

    assertAgrees(write(model, Type.F32, "llama"), model.judge(false, 0));
  }

  @Test
  void shouldRotateHalvesOfAQwen2() {
    RandomModel model = new RandomModel(8).withQkvBias();

    assertAgrees(write(model, Type.F32, "qwen2"), model.judge(true, 0));
  }

  @Test
  void shouldNormalizeTheHeadsOfAQwen3() {
    RandomModel model = new RandomModel(12).withHeadNorms().tied();

    assertAgrees(write(model, Type.F32, "qwen3"), model.judge(true, 0));
  }

  @Test
  void shouldDivideFrequenciesByTheFactorsOfLlama3() {
    RandomModel model = new RandomModel(8);
    float[] factors = {1, 1, 4, 8};
    ScalarLlama judge =
        model.judge(
            false, 0, (position, pair) -> position * model.frequency(pair) / factors[pair], 1);

    Path file =
        writer(model, Type.F32, "llama")
            .f32("rope_freqs.weight", 1, 4, factors)
            .write(folder.resolve("factors.gguf"));

    assertAgrees(file, judge);
  }

  private Path write(RandomModel model, Type type, String architecture) {
    return writer(model, type, architecture).write(folder.resolve("model.gguf"));
  }

  private static GgufWriter writer(RandomModel model, Type type, String architecture) {
    GgufWriter writer = metadata(model, architecture);
    model.weights.forEach((name, values) -> tensor(writer, type, name, values));
    return writer;
  }

  /** A file without tensors yet. */
  static GgufWriter metadata(RandomModel model, String architecture) {
    return new GgufWriter()
        .put("general.architecture", architecture)
        .put(architecture + ".context_length", 128)
        .put(architecture + ".embedding_length", RandomModel.DIM)
        .put(architecture + ".block_count", RandomModel.LAYERS)
        .put(architecture + ".feed_forward_length", RandomModel.FFN_DIM)
        .put(architecture + ".attention.head_count", RandomModel.HEADS)
        .put(architecture + ".attention.head_count_kv", RandomModel.KV_HEADS)
        .put(architecture + ".attention.key_length", model.headDim)
        .put(architecture + ".attention.value_length", model.headDim)
        .put(architecture + ".attention.layer_norm_rms_epsilon", (float) RandomModel.EPSILON);
  }

  /** Adds a matrix of a type, or a vector of F32. */
  static void tensor(GgufWriter writer, Type type, String name, float[][] values) {
    long cols = values[0].length;
    if (values.length == 1) {
      writer.tensor(name, 0, Type.F32.bytes(values), cols);
    } else {
      writer.tensor(name, ggmlType(type), type.bytes(values), cols, values.length);
    }
  }

  private static int ggmlType(Type type) {
    return switch (type) {
      case F32 -> GgmlType.F32.number();
      case F16 -> GgmlType.F16.number();
      case BF16 -> GgmlType.BF16.number();
    };
  }

  private void assertAgrees(Path model, ScalarLlama judge) {
    try (Backend backend = backend()) {
      assertThat(RandomModel.logits(model, backend))
          .containsExactly(judge.logits(RandomModel.TOKENS), within(tolerance()));
    }
  }

  /** What computes. */
  Backend backend() {
    return new ReferenceBackend();
  }

  double tolerance() {
    return 2e-4;
  }
}
