package io.millrace.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.SharedFiles;
import io.millrace.model.ModelConfig;
import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real files. */
class CheckpointConformanceTest {
  private static final String PROMPT = "Once upon a time";

  @ParameterizedTest
  @CsvSource({
    "stories260K.gguf, F32",
    "stories260K-F16.gguf, F16",
    "stories260K-Q8_0.gguf, Q8_0",
    "stories260K-Q4_0.gguf, Q4_0"
  })
  void shouldOpenTheRealModelInEveryType(String file, DType type) {
    try (Checkpoint checkpoint = open(file)) {
      ModelConfig config = checkpoint.config();
      TensorSource embedding = checkpoint.weights().get("token_embd.weight", 512, 64);

      assertThat(config)
          .returns(512, ModelConfig::vocabSize)
          .returns(64, ModelConfig::dim)
          .returns(5, ModelConfig::layers)
          .returns(8, ModelConfig::heads)
          .returns(4, ModelConfig::kvHeads)
          .returns(8, ModelConfig::headDim)
          .returns(192, ModelConfig::ffnDim)
          .returns(128, ModelConfig::contextLength)
          .returns(1e-5f, ModelConfig::normEpsilon);
      assertThat(config.rope().frequencies()).hasSize(4).startsWith(1, 0.1);
      assertThat(embedding.dtype()).isEqualTo(type);
      assertThat(checkpoint.name()).isEqualTo(file.replace(".gguf", ""));
    }
  }

  @Test
  void shouldReadBf16() {
    try (Checkpoint checkpoint = open("random-BF16.gguf");
        Arena arena = Arena.ofConfined()) {
      TensorSource output = checkpoint.weights().get("output.weight", 512, 256);

      assertThat(output.dtype()).isEqualTo(DType.BF16);
      assertThat(output.map(arena).byteSize()).isEqualTo(512 * 256 * 2);
      assertThat(checkpoint.config().headDim()).isEqualTo(64);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stories260K.gguf",
        "stories260K-F16.gguf",
        "stories260K-Q8_0.gguf",
        "stories260K-Q4_0.gguf",
        "random-BF16.gguf",
        "random-Q4_K_M.gguf",
        "random-Q6_K.gguf"
      })
  void shouldEncodeTheGoldenPrompt(String file) throws IOException {
    JsonNode golden =
        new ObjectMapper()
            .readTree(Files.readAllBytes(SharedFiles.require("models/golden.json")))
            .get(file)
            .get("prompt_tokens");

    try (Checkpoint checkpoint = open(file)) {
      assertThat(checkpoint.tokenizer().encodePrompt(PROMPT))
          .containsExactly(
              IntStream.range(0, golden.size()).map(i -> golden.get(i).asInt()).toArray());
    }
  }

  @Test
  void shouldUseTheVocabularyOfAFileThatHasNothingElse() {
    try (Checkpoint checkpoint =
        Checkpoint.open(SharedFiles.require("tokenizers/llama-spm.gguf"))) {
      assertThat(checkpoint.tokenizer().vocabSize()).isEqualTo(32000);
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(checkpoint::weights)
          .withMessageContaining("has no weights, only a vocabulary");
    }
  }

  @Test
  void shouldUseAByteLevelVocabularyOfAModelThatItCannotCompute() {
    try (Checkpoint checkpoint = Checkpoint.open(SharedFiles.require("tokenizers/gpt-2.gguf"))) {
      assertThat(checkpoint.tokenizer().vocabSize()).isEqualTo(50257);
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(checkpoint::config)
          .withMessageContaining("architecture gpt2");
    }
  }

  private static Checkpoint open(String file) {
    return Checkpoint.open(SharedFiles.require("models/" + file));
  }
}
