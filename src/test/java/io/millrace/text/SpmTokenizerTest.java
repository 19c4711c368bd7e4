package io.millrace.text;

import static io.millrace.text.Tokenizer.SpecialTokens.AS_TEXT;
import static io.millrace.text.Tokenizer.SpecialTokens.PARSE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.text.SpmVocabulary.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpmTokenizerTest {
  private static final String[] WORDS = {"▁", "a", "b", "▁a", "ab", "▁ab", "s", "<", "/", ">"};

  private final Tokenizer tokenizer = tokenizer(TinyVocabulary.withBytes().words(WORDS));

  @Test
  void shouldMergeThePairWithTheHighestScoreFirst() {
    Tokenizer spaceFirst = tokenizer(TinyVocabulary.withBytes().words("▁", "a", "b", "▁a", "ab"));
    Tokenizer spaceLast = tokenizer(TinyVocabulary.withBytes().words("▁", "a", "b", "ab", "▁a"));

    assertThat(pieces(spaceFirst, "ab", PARSE)).containsExactly("▁a", "b");
    assertThat(pieces(spaceLast, "ab", PARSE)).containsExactly("▁", "ab");
  }

  @Test
  void shouldSpellWhatIsNotInTheVocabularyInBytes() {
    assertThat(pieces(tokenizer, "aü", PARSE)).containsExactly("▁a", "<0xC3>", "<0xBC>");
  }

  @Test
  void shouldUseTheUnknownTokenWhenThereAreNoBytes() {
    Tokenizer noBytes = tokenizer(TinyVocabulary.withoutBytes().words(WORDS));

    assertThat(pieces(noBytes, "aüb", PARSE)).containsExactly("▁a", "<unk>", "b");
    assertThat(noBytes.bytes(TinyVocabulary.UNKNOWN)).isEmpty();
  }

  @Test
  void shouldPutNoSpaceInFrontWhenTheVocabularySaysSo() {
    Tokenizer bare = tokenizer(TinyVocabulary.withBytes().words(WORDS).withoutSpacePrefix());

    assertThat(pieces(bare, "ab</s>ab", PARSE)).containsExactly("ab", "</s>", "ab");
  }

  @Test
  void shouldParseSpecialTokensAndBeginEachTextBetweenThemWithASpace() {
    assertThat(pieces(tokenizer, "<s>a</s></s> b<unk>", PARSE))
        .containsExactly("<s>", "▁a", "</s>", "</s>", "▁", "▁", "b", "<unk>");
  }

  @Test
  void shouldLeaveSpecialTokensAsTextWhenToldTo() {
    assertThat(pieces(tokenizer, "a</s>", AS_TEXT)).containsExactly("▁a", "<", "/", "s", ">");
  }

  @Test
  void shouldNeverReachAControlTokenThroughText() {
    TinyVocabulary vocabulary =
        TinyVocabulary.withBytes()
            .words(WORDS)
            .words("<s", "</", "s>", "ba")
            .add("<|im_end|>", Kind.USER_DEFINED, 0);
    Tokenizer mergeable = tokenizer(vocabulary.endsWith(vocabulary.id("ba")));

    for (String spelling : List.of("<s>", "</s>", "<unk>", "<|im_end|>", "ba")) {
      int token = mergeable.encode(spelling, PARSE)[0];

      assertThat(mergeable.piece(token)).isEqualTo(spelling);
      assertThat(mergeable.encode("a" + spelling + spelling + "b", AS_TEXT)).doesNotContain(token);
      assertThat(mergeable.bytes(token)).isEmpty();
    }
  }

  @Test
  void shouldKeepUserDefinedTextWhole() {
    Tokenizer withRule =
        tokenizer(TinyVocabulary.withBytes().words(WORDS).add("----", Kind.USER_DEFINED, 0));

    assertThat(pieces(withRule, "a----b", PARSE)).containsExactly("▁a", "----", "▁", "b");
    assertThat(pieces(withRule, "a----b", AS_TEXT)).containsExactly("▁a", "----", "▁", "b");
    assertThat(new String(withRule.bytes(withRule.vocabSize() - 1), UTF_8)).isEqualTo("----");
  }

  @Test
  void shouldTakeMarkupFromTemplatesOnly() {
    Tokenizer withCall =
        tokenizer(TinyVocabulary.withBytes().words(WORDS).add("<c>", Kind.USER_DEFINED, 1));
    int call = withCall.vocabSize() - 1;
    MarkedText prompt =
        MarkedText.trusted("<c>")
            .concat(MarkedText.verbatim("<c>"))
            .concat(MarkedText.trusted("<"));

    assertThat(withCall.encode("<c>", PARSE)).containsExactly(call);
    assertThat(withCall.encode("<c>", AS_TEXT)).doesNotContain(call);
    assertThat(new String(withCall.bytes(call), UTF_8)).isEqualTo("<c>");
    assertThat(withCall.encodePrompt(prompt)).startsWith(TinyVocabulary.BOS, call);
    assertThat(IntStream.of(withCall.encodePrompt(prompt)).filter(id -> id == call)).hasSize(1);
  }

  @Test
  void shouldBeginAPromptOnceWithTheBeginningOfSequence() {
    assertThat(tokenizer.encodePrompt("")).containsExactly(TinyVocabulary.BOS);
    assertThat(tokenizer.encodePrompt("a")).startsWith(TinyVocabulary.BOS).hasSize(2);
    assertThat(tokenizer.encodePrompt("<s>a")).isEqualTo(tokenizer.encodePrompt("a"));
    assertThat(tokenizer(TinyVocabulary.withBytes().words(WORDS).withoutBos()).encodePrompt("a"))
        .hasSize(1);
  }

  @Test
  void shouldEncodeNothingAsNothing() {
    assertThat(tokenizer.encode("", PARSE)).isEmpty();
    assertThat(tokenizer.encode("", AS_TEXT)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        " ",
        "   ",
        "\0",
        "a\0b\0",
        "\t\n\r\n",
        "🦙 ü",
        "\ufeff\uffff\ufffd",
        "a  b ",
        "𐀀"
      })
  void shouldGiveTheTextBack(String text) {
    assertThat(decode(tokenizer.encode(text, PARSE))).isEqualTo(" " + text);
  }

  @Test
  void shouldGiveAnyTextBack() {
    Random random = new Random(11);
    for (int round = 0; round < 300; round++) {
      String text =
          random
              .ints(random.nextInt(1, 40), 0, Character.MAX_CODE_POINT + 1)
              .map(point -> random.nextBoolean() ? point % 0x80 : point)
              .filter(point -> point < 0xd800 || point > 0xdfff)
              .filter(point -> point != '▁')
              .mapToObj(Character::toString)
              .collect(Collectors.joining("a"));

      assertThat(decode(tokenizer.encode(text, AS_TEXT)))
          .isEqualTo(text.isEmpty() ? "" : " " + text);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 1", "5, 5"})
  void shouldRefuseAnUnpairedSurrogate(int before, int position) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tokenizer.encode("a".repeat(before) + "\ud83e" + "a", PARSE))
        .withMessageContaining("unpaired surrogate, \\ud83e, at UTF-16 position " + position);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tokenizer.encode("a".repeat(before) + "\udd99", AS_TEXT))
        .withMessageContaining("position " + position);
  }

  @Test
  @Timeout(60)
  void shouldEncodeAMegabyte() {
    String text = "ab ab🦙 ".repeat(1 << 17).substring(0, 1 << 20);

    int[] tokens = tokenizer.encode(text, PARSE);

    assertThat(decode(tokens)).isEqualTo(" " + text);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1_000_000})
  void shouldRefuseATokenThatThereIsNot(int token) {
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> tokenizer.piece(token));
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> tokenizer.bytes(token));
  }

  @Test
  void shouldBearRepeatedAndEmptySpellings() {
    TinyVocabulary vocabulary = TinyVocabulary.withBytes().words(WORDS).words("", "", "a", "▁a");
    Tokenizer padded = tokenizer(vocabulary);

    int[] tokens = padded.encode("ab a", PARSE);

    assertThat(tokens).isEqualTo(tokenizer.encode("ab a", PARSE));
    assertThat(padded.piece(vocabulary.id("a"))).isEqualTo("a");
    assertThat(padded.bytes(vocabulary.id(""))).isEmpty();
  }

  @Test
  void shouldBearAnUnknownTokenOfAnotherKind() {
    Tokenizer odd = tokenizer(TinyVocabulary.withBytes().words(WORDS).unknown(TinyVocabulary.EOS));

    assertThat(pieces(odd, "a", PARSE)).containsExactly("▁a");
  }

  @Test
  void shouldSayWhatIsWrongWithAVocabulary() {
    assertProblem(TinyVocabulary.withoutBytes().words("a").unknown(9), "the unknown token is 9");
    assertProblem(TinyVocabulary.withoutBytes().endsWith(4), "end-of-generation token is 4");
    assertProblem(TinyVocabulary.withoutBytes().add("a", Kind.NORMAL, Float.NaN), "score NaN");
    assertProblem(TinyVocabulary.withoutBytes().add("<0x00>", Kind.BYTE, 0), "1 different bytes");
    assertProblem(TinyVocabulary.withBytes().add("0x00", Kind.BYTE, 0), "but spelled 0x00");
    assertProblem(TinyVocabulary.withBytes().add("<0x-1>", Kind.BYTE, 0), "but spelled <0x-1>");
  }

  @Test
  void shouldEncodeOnManyThreads() {
    int[] expected = tokenizer.encode("ab abü".repeat(50), PARSE);

    assertThat(
            IntStream.range(0, 400)
                .parallel()
                .mapToObj(i -> tokenizer.encode("ab abü".repeat(50), PARSE)))
        .allSatisfy(tokens -> assertThat(tokens).isEqualTo(expected));
  }

  private static void assertProblem(TinyVocabulary vocabulary, String problem) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tokenizer(vocabulary))
        .withMessageContaining(problem);
  }

  private static Tokenizer tokenizer(TinyVocabulary vocabulary) {
    return new SpmTokenizer(vocabulary.build());
  }

  private static List<String> pieces(
      Tokenizer tokenizer, String text, Tokenizer.SpecialTokens specialTokens) {
    return Arrays.stream(tokenizer.encode(text, specialTokens)).mapToObj(tokenizer::piece).toList();
  }

  private String decode(int[] tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.add(token));
    }
    return text.append(decoder.flush()).toString();
  }
}
