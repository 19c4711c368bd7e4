package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.model.ModelConfig;
import io.millrace.model.ScalarLlama;
import io.millrace.weights.RandomModel.Type;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A folder as Hugging Face Transformers and mlx-lm write it, of a random model. */
record HuggingFaceFolder(Path path) {
  ModelConfig config(RandomModel model, ObjectNode config) {
    try (Checkpoint checkpoint = Checkpoint.open(write(model, Type.F32, config))) {
      return checkpoint.config();
    }
  }

  void weights(RandomModel model, ObjectNode config) {
    try (Checkpoint checkpoint = Checkpoint.open(write(model, Type.F32, config))) {
      checkpoint.weights();
    }
  }

  Path write(RandomModel model, Type type, ObjectNode config) {
    writer(model, type).write(path.resolve("model.safetensors"));
    RandomModel.write(path, config);
    return path;
  }

  static SafetensorsWriter writer(RandomModel model, Type type) {
    SafetensorsWriter writer = new SafetensorsWriter();
    model.write(TensorNames.HUGGING_FACE, (name, values) -> plain(writer, type, name, values));
    return writer;
  }

  static void plain(SafetensorsWriter writer, Type type, String name, float[][] values) {
    if (values.length == 1) {
      writer.tensor(name, type.name(), type.bytes(values), values[0].length);
    } else {
      writer.tensor(name, type.name(), type.bytes(values), values.length, values[0].length);
    }
  }

  static void assertAgrees(Path model, ScalarLlama judge) {
    assertThat(RandomModel.logits(model))
        .containsExactly(judge.logits(RandomModel.TOKENS), within(2e-4));
  }

  static void assertProblem(ThrowingCallable call, String problem) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(call)
        .withMessageContaining(problem);
  }
}
