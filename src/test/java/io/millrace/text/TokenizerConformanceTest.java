package io.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.millrace.SharedFiles;
import io.millrace.text.Tokenizer.SpecialTokens;
import io.millrace.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** llama.cpp's test vectors for real vocabularies. */
class TokenizerConformanceTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  @TestFactory
  Stream<DynamicTest> shouldEncodeAsLlamaCppDoesFromGguf() throws IOException {
    return Stream.concat(
        cases("gpt-2", open("gpt-2.gguf")), cases("llama-bpe", open("llama-bpe.gguf")));
  }

  @TestFactory
  Stream<DynamicTest> shouldEncodeAsLlamaCppDoesFromAFolder() throws IOException {
    return cases("llama-bpe", open("llama-3.1"));
  }

  @TestFactory
  Stream<DynamicTest> shouldEncodeAsLlamaCppDoesFromASentencePieceModel() throws IOException {
    Path folder = Files.createTempDirectory("millrace-tokenizer-");
    Files.copy(
        SharedFiles.require("tokenizers/llama-2-tokenizer.model"),
        folder.resolve("tokenizer.model"));
    Tokenizer tokenizer = TokenizerFolder.load(folder);
    Files.delete(folder.resolve("tokenizer.model"));
    Files.delete(folder);
    return cases("llama-spm", tokenizer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2.gguf", "llama-bpe.gguf", "llama-3.1"})
  void shouldGiveBackEveryText(String model) {
    Tokenizer tokenizer = open(model);
    Random random = new Random(7);

    for (int i = 0; i < 300; i++) {
      String text = randomText(random);

      assertThat(decode(tokenizer, tokenizer.encode(text, SpecialTokens.AS_TEXT)))
          .as("text %d", i)
          .isEqualTo(text);
    }
  }

  private static Stream<DynamicTest> cases(String vectors, Tokenizer tokenizer) throws IOException {
    List<String> texts = List.of(read(vectors + ".gguf.inp").split(SEPARATOR, -1));
    List<String> lines = read(vectors + ".gguf.out").lines().toList();
    assertThat(lines).hasSizeBetween(texts.size() - 1, texts.size());
    return IntStream.range(0, lines.size())
        .mapToObj(i ->
            dynamicTest(
                vectors + " case " + i,
                () -> {
                  int[] tokens = tokenizer.encode(texts.get(i), SpecialTokens.PARSE);

                  assertThat(tokens).containsExactly(ids(lines.get(i)));
                }));
  }

  /** Characters of every kind: letters, digits, spaces, controls, emoji, half-known scripts. */
  private static String randomText(Random random) {
    int[] starts = {
      ' ', '\n', 'a', 'A', '0', '\'', '!', 0xe0, 0x300, 0x3b1, 0x4e00, 0xac00, 0x1f600
    };
    return IntStream.range(0, 1 + random.nextInt(40))
        .map(i -> starts[random.nextInt(starts.length)] + random.nextInt(10))
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static String decode(Tokenizer tokenizer, int[] tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.add(token));
    }
    return text.append(decoder.flush()).toString();
  }

  private static int[] ids(String line) {
    return Arrays.stream(line.strip().split(" "))
        .filter(id -> !id.isEmpty())
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  private static Tokenizer open(String model) {
    Path path = SharedFiles.require("tokenizers/" + model);
    if (Files.isDirectory(path)) {
      return TokenizerFolder.load(path);
    }
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      return checkpoint.tokenizer();
    }
  }

  private static String read(String file) throws IOException {
    return Files.readString(SharedFiles.require("tokenizers/" + file));
  }
}
