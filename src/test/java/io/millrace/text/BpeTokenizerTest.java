package io.millrace.text;

import static io.millrace.text.Tokenizer.SpecialTokens.AS_TEXT;
import static io.millrace.text.Tokenizer.SpecialTokens.PARSE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.text.SpmVocabulary.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BpeTokenizerTest {
  private static final int BOS = 256;
  private static final int END = 257;
  private static final int CALL = 258;
  private static final int SPACES = 259;

  private final Tokenizer tokenizer = BpeTokenizer.of(vocabulary(PreTokenizer.LLAMA_3, true));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "LLAMA_3        | 1234    | 123 4",
        "QWEN_2         | 1234    | 1 2 3 4",
        "GPT_2          | 1234    | 1234",
        "STARCODER      | 1234    | 1 2 3 4",
        "FALCON         | 1234    | 123 4",
        "DEFAULT        | 1234    | 123 4",
        "DEEPSEEK_LLM   | 1234    | 1234",
        "DEEPSEEK_CODER | 1234    | 1 2 3 4",
        "DEEPSEEK_V3    | 1234    | 123 4",
        "TEKKEN         | 1234    | 1 2 3 4",
        "GPT_4O         | 1234    | 123 4",
        "GPT_2          | abAB    | abAB",
        "TEKKEN         | abAB    | ab AB",
        "GPT_4O         | abAB    | ab AB",
        "GPT_2          | a'S     | a ' S",
        "LLAMA_3        | a'S     | a 'S",
        "GPT_2          | a's     | a 's",
        "LLAMA_3        | !a      | !a",
        "GPT_2          | !a      | ! a",
        "DEEPSEEK_CODER | !a      | ! a",
        "GPT_2          | \"a  b\" | \"a Ġ Ġb\"",
      })
  void shouldCutTextIntoWords(PreTokenizer cuts, String text, String words) {
    // Every pair of characters merges, so that what is one word becomes one token.
    Tokenizer greedy = BpeTokenizer.of(mergingVocabulary(cuts, text));

    assertThat(pieces(greedy, greedy.encode(text, PARSE))).isEqualTo(words);
  }

  @ParameterizedTest
  @EnumSource
  void shouldGiveBackEveryText(PreTokenizer cuts) {
    Tokenizer bytes = BpeTokenizer.of(vocabulary(cuts, false));
    Random random = new Random(11);

    for (int i = 0; i < 200; i++) {
      String text =
          random
              .ints(1 + random.nextInt(30), 0, 0x11000)
              .map(c -> c % 3 == 0 ? c % 128 : c)
              .filter(c -> !(c >= 0xd800 && c < 0xe000))
              .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
              .toString();

      assertThat(decode(bytes, bytes.encode(text, AS_TEXT))).isEqualTo(text);
    }
  }

  @Test
  void shouldParseSpecialTokensWhereTheTextIsTrusted() {
    assertThat(tokenizer.encode("a<|end|>b<call>", PARSE)).containsExactly('a', END, 'b', CALL);
    assertThat(tokenizer.encode("<|end|><call>", AS_TEXT)).doesNotContain(END, CALL).hasSize(13);
  }

  @Test
  void shouldNotParseSpecialTokensThatContentsBeginOrEnd() {
    MarkedText prompt =
        MarkedText.trusted("<|end|><|e")
            .concat(MarkedText.verbatim("nd|><|end|>"))
            .concat(MarkedText.trusted("<call>"));

    int[] tokens = tokenizer.encodePrompt(prompt);

    assertThat(tokens).startsWith(BOS, END).endsWith(CALL);
    assertThat(IntStream.of(tokens).filter(token -> token == END)).hasSize(1);
    assertThat(decode(tokenizer, tokens)).isEqualTo("<|end|><|end|><call>");
  }

  @Test
  void shouldTokenizeContentsTogetherWithTheTextAroundThem() {
    Tokenizer merging = BpeTokenizer.of(mergingVocabulary(PreTokenizer.GPT_2, "abcd"));
    MarkedText marked =
        MarkedText.trusted("a").concat(MarkedText.verbatim("bc")).concat(MarkedText.trusted("d"));

    assertThat(merging.encodePrompt(marked)).isEqualTo(merging.encodePrompt("abcd"));
  }

  @Test
  void shouldKeepRunsOfSpacesWhole() {
    assertThat(tokenizer.encode("a    b", AS_TEXT)).containsExactly('a', SPACES, 'b');
  }

  @Test
  void shouldBeginAPromptOnceWithTheBeginningOfSequence() {
    assertThat(tokenizer.encodePrompt("a")).containsExactly(BOS, 'a');
    assertThat(tokenizer.encodePrompt("<s>a")).containsExactly(BOS, 'a');
    assertThat(tokenizer.encodePrompt("")).containsExactly(BOS);
  }

  @Test
  void shouldHaveNoTextForControlTokens() {
    assertThat(tokenizer.bytes(END)).isEmpty();
    assertThat(tokenizer.piece(END)).isEqualTo("<|end|>");
    assertThat(new String(tokenizer.bytes(CALL), UTF_8)).isEqualTo("<call>");
    assertThat(tokenizer.bytes('\n')).containsExactly('\n');
  }

  @Test
  void shouldNotCutLongTexts() {
    assertThat(tokenizer.encode("a ".repeat(5_000), PARSE)).hasSize(10_000);
  }

  @Test
  void shouldRefuseHalfACharacter() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tokenizer.encode("a\ud83d", PARSE))
        .withMessageContaining("unpaired surrogate");
  }

  private static String pieces(Tokenizer tokenizer, int[] tokens) {
    return IntStream.of(tokens).mapToObj(tokenizer::piece).collect(Collectors.joining(" "));
  }

  private static String decode(Tokenizer tokenizer, int[] tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(decoder.add(token));
    }
    return text.append(decoder.flush()).toString();
  }

  /** The 256 bytes, each under its own number, and four special tokens. */
  private static BpeVocabulary vocabulary(PreTokenizer cuts, boolean addBos) {
    List<String> pieces = new ArrayList<>(byteSpellings());
    List<Kind> kinds = new ArrayList<>(IntStream.range(0, 256).mapToObj(_ -> Kind.NORMAL).toList());
    pieces.addAll(List.of("<s>", "<|end|>", "<call>", "    "));
    kinds.addAll(List.of(Kind.CONTROL, Kind.CONTROL, Kind.USER_DEFINED, Kind.USER_DEFINED));
    return new BpeVocabulary(
        pieces,
        kinds,
        List.of(),
        cuts,
        OptionalInt.of(BOS),
        OptionalInt.of(END),
        Set.of(END),
        addBos,
        false);
  }

  @ParameterizedTest
  @CsvSource({"LLAMA_3, abc", "TEKKEN, abc", "DBRX, a b c", "QWEN_2, a b c", "GPT_2, a b c"})
  void shouldTakeAWholeWordThatNothingMergesInto(PreTokenizer cuts, String words) {
    List<String> pieces = new ArrayList<>(byteSpellings());
    pieces.add("abc");
    Tokenizer unmerged =
        BpeTokenizer.of(
            new BpeVocabulary(
                pieces,
                pieces.stream().map(_ -> Kind.NORMAL).toList(),
                List.of(),
                cuts,
                OptionalInt.empty(),
                OptionalInt.empty(),
                Set.of(),
                false,
                false));

    int[] tokens = unmerged.encode("abc", AS_TEXT);

    assertThat(IntStream.of(tokens).mapToObj(unmerged::piece).collect(Collectors.joining(" ")))
        .isEqualTo(words);
  }

  /** With a token for every part of the text, merged from any two. */
  private static BpeVocabulary mergingVocabulary(PreTokenizer cuts, String text) {
    String spelled = text.replace(' ', 'Ġ');
    List<String> pieces = new ArrayList<>(byteSpellings());
    List<String> merges = new ArrayList<>();
    for (int length = 2; length <= spelled.length(); length++) {
      for (int from = 0; from + length <= spelled.length(); from++) {
        String whole = spelled.substring(from, from + length);
        if (!pieces.contains(whole)) {
          pieces.add(whole);
          for (int cut = 1; cut < length; cut++) {
            merges.add(whole.substring(0, cut) + " " + whole.substring(cut));
          }
        }
      }
    }
    return new BpeVocabulary(
        pieces,
        pieces.stream().map(_ -> Kind.NORMAL).toList(),
        merges,
        cuts,
        OptionalInt.empty(),
        OptionalInt.empty(),
        Set.of(),
        false,
        false);
  }

  private static List<String> byteSpellings() {
    String[] spellings = new String[256];
    for (int c = 0; c < 0x144; c++) {
      String spelling = Character.toString(c);
      byte[] bytes = ByteLevelAlphabet.decode(spelling);
      boolean standsForItself = !Arrays.equals(bytes, spelling.getBytes(UTF_8)) || c < 128;
      if (bytes.length == 1 && standsForItself && spellings[bytes[0] & 0xff] == null) {
        spellings[bytes[0] & 0xff] = c <= ' ' || c == 127 ? null : spelling;
      }
    }
    return List.of(spellings);
  }
}
