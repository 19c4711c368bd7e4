package io.millrace.text;

import static io.millrace.text.Tokenizer.SpecialTokens.AS_TEXT;
import static io.millrace.text.Tokenizer.SpecialTokens.PARSE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFolderTest {
  /** SentencePiece's spelling, with a space before the first word only. */
  private static final String METASPACE =
      """
      {"added_tokens":[
         {"id":1,"content":"<s>","special":true},
         {"id":2,"content":"</s>","special":true,"rstrip":true},
         {"id":9,"content":"<call>","special":false}],
       "normalizer":null,
       "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false},
       "post_processor":{"type":"TemplateProcessing",
         "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
         "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},
       "decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]},
       "model":{"type":"BPE","unk_token":"<unk>","byte_fallback":false,
         "vocab":{"<unk>":0,"<s>":1,"</s>":2,"▁":3,"a":4,"b":5,"▁a":6,"ab":7,"▁ab":8},
         "merges":[["▁","a"],["a","b"],["▁a","b"]]}}
      """;

  @TempDir private Path folder;

  @Test
  void shouldReadATokenizerJson() throws IOException {
    write("tokenizer.json", METASPACE);
    Tokenizer tokenizer = TokenizerFolder.load(folder);

    assertThat(tokenizer.vocabSize()).isEqualTo(10);
    assertThat(tokenizer.encodePrompt("ab")).containsExactly(1, 8);
    assertThat(tokenizer.encode("ab</s> ab", PARSE)).containsExactly(8, 2, 7);
    assertThat(tokenizer.encode("<call>", AS_TEXT)).doesNotContain(9);
    assertThat(new String(tokenizer.bytes(8), UTF_8)).isEqualTo(" ab");
    assertThat(tokenizer.bytes(2)).isEmpty();
  }

  @Test
  void shouldTakeEndsFromEveryFileThatNamesThem() throws IOException {
    write("tokenizer.json", METASPACE);
    write(
        "tokenizer_config.json",
        """
        {"eos_token":{"content":"</s>"},"bos_token":"<s>","add_bos_token":false,
         "tokenizer_class":"LlamaTokenizerFast",
         "added_tokens_decoder":{"11":{"content":"<x>","special":true}}}
        """);
    write("generation_config.json", "{\"eos_token_id\":[7,11,99]}");
    write("config.json", "{\"eos_token_id\":4,\"vocab_size\":16}");
    Tokenizer tokenizer = TokenizerFolder.load(folder);

    assertThat(tokenizer.endOfGeneration()).containsExactlyInAnyOrder(2, 4, 7, 11);
    assertThat(tokenizer.encodePrompt("ab")).containsExactly(8);
    assertThat(tokenizer.encode("<x>", PARSE)).containsExactly(11);
    assertThat(tokenizer.vocabSize()).isEqualTo(16);
    assertThat(tokenizer.bytes(15)).isEmpty();
  }

  @Test
  void shouldReadASentencePieceModel() throws IOException {
    TinyVocabulary vocabulary = TinyVocabulary.withBytes().words("▁", "a", "b", "▁a", "ab");
    Files.write(folder.resolve("tokenizer.model"), SentencePieceModel.write(vocabulary.build()));
    Tokenizer tokenizer = TokenizerFolder.load(folder);

    assertThat(tokenizer.encodePrompt("ab"))
        .isEqualTo(new SpmTokenizer(vocabulary.build()).encodePrompt("ab"));
    assertThat(tokenizer.endOfGeneration()).containsExactly(2);
  }

  @Test
  void shouldSayWhatIsWrongWithWhichFile() throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenizerFolder.load(folder))
        .withMessageContaining("has no tokenizer, expected tokenizer.json or tokenizer.model");
    write("tokenizer.json", "{\"model\":{\"type\":\"Unigram\"}}");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenizerFolder.load(folder))
        .withMessageContaining("tokenizer.json: has a model of type Unigram");
    write("tokenizer.json", "[".repeat(100_000));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenizerFolder.load(folder))
        .withMessageContaining("tokenizer.json: is not valid JSON");
  }

  @Test
  void shouldLoadOrRefuseEveryDamagedTokenizerJson() throws IOException {
    Random random = new Random(3);
    for (int i = 0; i < 400; i++) {
      Files.write(folder.resolve("tokenizer.json"), damage(METASPACE.getBytes(UTF_8), random));

      loadOrRefuse();
    }
  }

  @Test
  void shouldLoadOrRefuseEveryDamagedSentencePieceModel() throws IOException {
    byte[] model =
        SentencePieceModel.write(
            TinyVocabulary.withBytes().words("▁", "a", "b", "▁a", "ab").build());
    Random random = new Random(4);
    for (int i = 0; i < 400; i++) {
      Files.write(folder.resolve("tokenizer.model"), damage(model, random));

      loadOrRefuse();
    }
  }

  private void loadOrRefuse() {
    try {
      Tokenizer tokenizer = TokenizerFolder.load(folder);
      IntStream.of(tokenizer.encode("ab <s>ü", PARSE)).forEach(tokenizer::bytes);
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  /** Cut short, or with a few bytes changed, or with a part twice. */
  private static byte[] damage(byte[] whole, Random random) {
    byte[] damaged = whole.clone();
    switch (random.nextInt(4)) {
      case 0 -> damaged = java.util.Arrays.copyOf(whole, random.nextInt(whole.length));
      case 1 -> {
        int from = random.nextInt(whole.length);
        int length = Math.min(random.nextInt(64), whole.length - from);
        System.arraycopy(whole, from, damaged, random.nextInt(whole.length - length), length);
      }
      default -> {
        for (int i = random.nextInt(4); i >= 0; i--) {
          damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
        }
      }
    }
    return damaged;
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }
}
