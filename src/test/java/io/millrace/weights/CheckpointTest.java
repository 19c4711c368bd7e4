package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.tensor.TensorSource;
import io.millrace.text.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CheckpointTest {
  @TempDir private Path directory;

  @Test
  void shouldMapEachTensorByItself() {
    Path file =
        TinyModel.writer().f32("output.weight", 2, 8, 1, 2, 3).write(directory.resolve("a.gguf"));

    try (Checkpoint checkpoint = Checkpoint.open(file);
        Arena arena = Arena.ofConfined()) {
      TensorSource source = checkpoint.weights().get("output.weight", 2, 8);
      MemorySegment bytes = source.map(arena);

      assertThat(bytes.byteSize()).isEqualTo(2 * 8 * 4).isEqualTo(source.bytes());
      assertThat(bytes.asSlice(0, 16).toArray(ValueLayout.JAVA_FLOAT)).containsExactly(1, 2, 3, 1);
      assertThat(bytes.isReadOnly()).isTrue();
    }
  }

  @Test
  void shouldKeepTensorsMappedAndTheTokenizerUsableAfterClosing() {
    Path file = TinyModel.writer().write(directory.resolve("a.gguf"));

    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes;
      Tokenizer tokenizer;
      try (Checkpoint checkpoint = Checkpoint.open(file)) {
        bytes = checkpoint.weights().get("output_norm.weight", 1, 8).map(arena);
        tokenizer = checkpoint.tokenizer();
      }

      assertThat(bytes.get(ValueLayout.JAVA_FLOAT, 0)).isZero();
      assertThat(tokenizer.encode("a", Tokenizer.SpecialTokens.PARSE)).hasSize(1);
    }
  }

  @Test
  void shouldNameTheFileWhenATensorHasAnotherShape() {
    try (Checkpoint checkpoint =
        Checkpoint.open(TinyModel.writer().write(directory.resolve("a.gguf")))) {
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> checkpoint.weights().get("output_norm.weight", 1, 9))
          .withMessage(
              "a.gguf: tensor output_norm.weight is [1, 8], the model's configuration says [1, 9]");
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> checkpoint.weights().get("output.weight", 1, 9))
          .withMessageStartingWith("a.gguf: tensor output.weight is missing");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "stories.gguf, stories",
    "Tiny Llama (1.1B).Q8_0.GGUF, Tiny-Llama--1.1B-.Q8_0",
    "Mühle.gguf, M-hle",
    "model, model",
    "big-00001-of-00001.gguf, big",
    ".gguf, model"
  })
  void shouldBeNamedAsTopicsMayBe(String file, String name) {
    try (Checkpoint checkpoint =
        Checkpoint.open(TinyModel.vocabulary().write(directory.resolve(file)))) {
      assertThat(checkpoint.name()).isEqualTo(name);
    }
  }

  @Test
  void shouldHaveTheSameFingerprintInAnotherPlace() {
    Path one = TinyModel.writer().write(directory.resolve("one.gguf"));
    Path other = TinyModel.writer().write(directory.resolve("other.gguf"));

    assertThat(fingerprint(one)).isEqualTo(fingerprint(other)).matches("[0-9a-f]{64}");
  }

  @ParameterizedTest
  @MethodSource
  void shouldHaveAnotherFingerprintWhenAnythingDiffers(GgufWriter changed) {
    Path original = TinyModel.writer().f32("output.weight", 265, 8).write(file("original.gguf"));

    Path other = changed.write(file("other.gguf"));

    assertThat(fingerprint(other)).isNotEqualTo(fingerprint(original));
  }

  static Stream<Arguments> shouldHaveAnotherFingerprintWhenAnythingDiffers() {
    float[] lastElement = new float[265 * 8];
    lastElement[lastElement.length - 1] = 1;
    List<String> pieces = new ArrayList<>(TinyModel.pieces());
    pieces.set(pieces.size() - 1, "▁ba");
    return Stream.of(
        Arguments.of(TinyModel.writer().f32("output.weight", 265, 8, lastElement)),
        Arguments.of(
            TinyModel.writer().put("tokenizer.ggml.tokens", pieces).f32("output.weight", 265, 8)),
        Arguments.of(
            TinyModel.writer().put("llama.rope.freq_base", 5f).f32("output.weight", 265, 8)));
  }

  @Test
  void shouldSummarizeWhatIsInTheFile() {
    Path file =
        TinyModel.writer()
            .put("tokenizer.chat_template", "{{ messages }}")
            .tensor("blk.0.extra", 12, new byte[144], 256)
            .write(file("a.gguf"));

    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      CheckpointSummary summary = checkpoint.summary();

      assertThat(summary.format()).isEqualTo("GGUF v3");
      assertThat(summary.architecture()).hasValue("llama");
      assertThat(summary.types())
          .extracting(CheckpointSummary.TypeShare::type)
          .containsExactly("F32", "Q4_K");
      assertThat(summary.types().getLast())
          .isEqualTo(new CheckpointSummary.TypeShare("Q4_K", 1, 256, 144));
      assertThat(summary.parameters())
          .isEqualTo(summary.types().getFirst().elements() + 256)
          .isGreaterThan(2000);
      assertThat(summary.tokenizer()).hasValue("SentencePiece");
      assertThat(summary.vocabSize()).isEqualTo(265);
      assertThat(summary.contextLength()).hasValue(64);
      assertThat(summary.chatTemplate()).isTrue();
    }
  }

  @Test
  void shouldSayWhatIsWrongWithThePath() {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(file("missing.gguf")))
        .withMessageStartingWith("missing.gguf: there is no such file");
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(Path.of("/dev/null")))
        .withMessage("null: is no regular file, expected a GGUF file");
  }

  private static String fingerprint(Path file) {
    try (Checkpoint checkpoint = Checkpoint.open(file)) {
      return checkpoint.fingerprint();
    }
  }

  private Path file(String name) {
    return directory.resolve(name);
  }
}
