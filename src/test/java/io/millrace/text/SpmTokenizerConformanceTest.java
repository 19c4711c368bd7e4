package io.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.millrace.SharedFiles;
import io.millrace.text.Tokenizer.SpecialTokens;
import io.millrace.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** llama.cpp's test vectors for the vocabulary of Llama 2. */
class SpmTokenizerConformanceTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  @TestFactory
  Stream<DynamicTest> shouldEncodeAsLlamaCppDoes() throws IOException {
    List<String> texts = List.of(read("tokenizers/llama-spm.gguf.inp").split(SEPARATOR, -1));
    List<String> lines = read("tokenizers/llama-spm.gguf.out").lines().toList();
    Tokenizer tokenizer = llama2();

    // The separator after the last text leaves an empty one.
    assertThat(texts).hasSize(47).last().isEqualTo("");
    assertThat(lines).hasSize(46);
    return IntStream.range(0, lines.size())
        .mapToObj(i ->
            dynamicTest(
                "case " + i,
                () -> {
                  int[] tokens = tokenizer.encode(texts.get(i), SpecialTokens.AS_TEXT);

                  assertThat(tokens).containsExactly(ids(lines.get(i)));
                  assertThat(decode(tokenizer, tokens))
                      .isEqualTo(texts.get(i).isEmpty() ? "" : " " + texts.get(i));
                }));
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

  private static Tokenizer llama2() {
    try (Checkpoint checkpoint =
        Checkpoint.open(SharedFiles.require("tokenizers/llama-spm.gguf"))) {
      return checkpoint.tokenizer();
    }
  }

  private static String read(String file) throws IOException {
    return Files.readString(SharedFiles.require(file));
  }
}
