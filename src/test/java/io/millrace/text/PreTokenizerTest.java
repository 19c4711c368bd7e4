package io.millrace.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.text.SpmVocabulary.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where llama.cpp itself cuts texts, for each name of a pre-tokenizer ({@code cuts.py}). */
class PreTokenizerTest {
  private static final Map<String, List<JsonNode>> CASES = cases();

  @ParameterizedTest
  @MethodSource("names")
  void shouldCutTextsAsLlamaCppDoes(String name) throws IOException {
    try (HuggingFaceTokenizer words = words(PreTokenizer.named(name).orElseThrow())) {
      for (JsonNode known : CASES.get(name)) {
        String text = known.path("text").textValue();

        List<Integer> bytes = wordBytes(words, text);

        assertThat(bytes)
            .as("%s", text)
            .isEqualTo(
                StreamSupport.stream(known.path("bytes").spliterator(), false)
                    .map(JsonNode::intValue)
                    .toList());
      }
    }
  }

  static Stream<String> names() {
    return PreTokenizer.names();
  }

  /** Sizes of the words of a text, of which every byte is a token. */
  private static List<Integer> wordBytes(HuggingFaceTokenizer words, String text) {
    List<Integer> bytes = new ArrayList<>();
    long last = -1;
    for (long word : words.encode(text, false, false).getWordIds()) {
      if (word != last) {
        bytes.add(0);
        last = word;
      }
      bytes.set(bytes.size() - 1, bytes.getLast() + 1);
    }
    assertThat(bytes.stream().mapToInt(size -> size).sum()).isEqualTo(text.getBytes(UTF_8).length);
    return bytes;
  }

  private static HuggingFaceTokenizer words(PreTokenizer cuts) throws IOException {
    List<String> alphabet =
        IntStream.rangeClosed('!', 0x143)
            .filter(c -> c != 0x7f)
            .mapToObj(Character::toString)
            .filter(spelling -> ByteLevelAlphabet.decode(spelling).length == 1)
            .toList();
    BpeVocabulary bytes =
        new BpeVocabulary(
            alphabet,
            Collections.nCopies(alphabet.size(), Kind.NORMAL),
            List.of(),
            cuts,
            OptionalInt.empty(),
            OptionalInt.empty(),
            Set.of(),
            false,
            false);
    Djl.configure();
    byte[] definition = BpeDefinition.write(bytes).toString().getBytes(UTF_8);
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(definition), Map.of("truncation", "false", "padding", "false"));
  }

  private static Map<String, List<JsonNode>> cases() {
    Map<String, List<JsonNode>> cases = new TreeMap<>();
    try (InputStream json =
        PreTokenizerTest.class.getResourceAsStream("/pretokenizers/cuts.json")) {
      for (JsonNode known : new ObjectMapper().readTree(json)) {
        cases.computeIfAbsent(known.path("pre").textValue(), _ -> new ArrayList<>()).add(known);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return cases;
  }
}
