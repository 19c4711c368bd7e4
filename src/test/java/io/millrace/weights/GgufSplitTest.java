package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufSplitTest {
  @TempDir private Path directory;

  @Test
  void shouldFindTheTensorsOfAllParts() {
    Path first = writeParts();

    try (Checkpoint checkpoint = Checkpoint.open(first);
        Arena arena = Arena.ofConfined()) {
      assertThat(
              checkpoint
                  .weights()
                  .get("output.weight", 2, 8)
                  .map(arena)
                  .get(ValueLayout.JAVA_FLOAT, 4))
          .isEqualTo(2);
      assertThat(checkpoint.config().dim()).isEqualTo(8);
      assertThat(checkpoint.name()).isEqualTo("tiny");
      assertThat(checkpoint.summary().format()).isEqualTo("GGUF v3 in 2 files");
      assertThat(checkpoint.fingerprint()).hasSize(64);
    }
  }

  @Test
  void shouldNameAPartThatIsMissing() throws IOException {
    Path first = writeParts();
    Files.delete(directory.resolve("tiny-00002-of-00002.gguf"));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(first))
        .withMessageStartingWith("tiny-00002-of-00002.gguf: there is no such file");
  }

  @Test
  void shouldRefuseAPartUnderAnotherName() throws IOException {
    Path renamed = Files.move(writeParts(), directory.resolve("tiny.gguf"));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(renamed))
        .withMessageContaining("is part 1 of 2 of a model; expected a name that ends in -00001-of");
  }

  @Test
  void shouldRefuseAPartOfAnotherModel() {
    Path first = writeParts();
    split(new GgufWriter(), 1, 3).write(directory.resolve("tiny-00002-of-00002.gguf"));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(first))
        .withMessageContaining("is part 2 of 3 of a model, expected part 2 of 2");
  }

  @Test
  void shouldRefuseATensorThatTwoPartsHave() {
    Path first = writeParts();
    split(new GgufWriter(), 1, 2)
        .f32("output_norm.weight", 1, 8)
        .write(directory.resolve("tiny-00002-of-00002.gguf"));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(first))
        .withMessageContaining("has tensor output_norm.weight, which another part has as well");
  }

  @Test
  void shouldCountTheTensors() {
    split(TinyModel.writer(), 0, 2)
        .put("split.tensors.count", 13)
        .write(directory.resolve("tiny-00001-of-00002.gguf"));
    split(new GgufWriter(), 1, 2).write(directory.resolve("tiny-00002-of-00002.gguf"));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(directory.resolve("tiny-00001-of-00002.gguf")))
        .withMessageContaining("announces 13 tensors in 2 parts, found 11");
  }

  private Path writeParts() {
    split(new GgufWriter(), 1, 2)
        .f32("output.weight", 2, 8, 1, 2, 3)
        .write(directory.resolve("tiny-00002-of-00002.gguf"));
    return split(TinyModel.writer(), 0, 2)
        .put("split.tensors.count", 12)
        .write(directory.resolve("tiny-00001-of-00002.gguf"));
  }

  private static GgufWriter split(GgufWriter writer, int number, int count) {
    return writer.put("split.no", (short) number).put("split.count", (short) count);
  }
}
