package io.millrace.weights;

import static io.millrace.weights.HuggingFaceFolder.assertAgrees;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.model.RopeScaling;
import io.millrace.model.ScalarLlama;
import io.millrace.tensor.Rope;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rotary embeddings as configurations scale them. */
class HuggingFaceRopeTest {
  @TempDir private Path folder;

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

    assertAgrees(folder().write(model, Type.F32, config), judge);
    assertThat(folder().config(model, config).contextLength()).isEqualTo(16);
  }

  @Test
  void shouldReadTheRotaryEmbeddingOfNewerConfigurations() {
    RandomModel model = new RandomModel(8);
    ObjectNode config = model.huggingFaceConfig("llama");
    config.remove("rope_theta");
    config.putObject("rope_parameters").put("rope_theta", 500_000.0).put("rope_type", "default");

    assertThat(folder().config(model, config).rope().frequencies())
        .containsExactly(Rope.standard(8, 500_000, Rope.Pairing.HALF_SPLIT).frequencies());
  }

  private void assertRope(RandomModel model, Map<String, Object> scaling, Rope expected) {
    ObjectNode config = model.huggingFaceConfig("llama");
    config.putPOJO("rope_scaling", scaling);
    Rope rope = folder().config(model, config.deepCopy()).rope();

    assertThat(rope.frequencies()).containsExactly(expected.frequencies());
    assertThat(rope.scale()).isEqualTo(expected.scale());
    assertThat(rope.growth()).isEqualTo(expected.growth());
  }

  private HuggingFaceFolder folder() {
    return new HuggingFaceFolder(folder);
  }
}
