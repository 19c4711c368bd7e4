package io.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.text.SpecialTokenSplitter.Part;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecialTokenSplitterTest {
  private final SpecialTokenSplitter splitter =
      splitter(
          Map.of(1, "<s>", 2, "</s>", 3, "<s></s>", 4, "ab", 5, "bcd", 6, "ü🦙", 7, "", 8, "<s>"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"              | \"\"",
        "plain           | 'plain'",
        "<s>             | 1",
        "<s>x</s>        | 1 'x' 2",
        "x<s><s>y        | 'x' 1 1 'y'",
        "<s></s></s>     | 3 2",
        "<s</s>          | '<s' 2",
        "<               | '<'",
        "abcd            | 'a' 5",
        "ab bcd ab       | 4 ' ' 5 ' ' 4",
        "xü🦙🦙          | 'x' 6 '🦙'",
      })
  void shouldCutAtSpecialTokensLongestFirst(String text, String parts) {
    assertThat(describe(text)).isEqualTo(parts);
  }

  @Test
  void shouldNotCutWhenThereAreNoSpecialTokens() {
    assertThat(splitter(Map.of()).split("<s>")).containsExactly(new Part.Text("<s>"));
  }

  @Test
  void shouldFindEachOfManyTokens() {
    Map<Integer, String> many =
        IntStream.range(0, 500).boxed().collect(Collectors.toMap(i -> i, "<|%d|>"::formatted));
    SpecialTokenSplitter splitsMany = splitter(many);

    many.forEach((id, spelling) ->
        assertThat(splitsMany.split("x" + spelling))
            .containsExactly(new Part.Text("x"), new Part.Token(new SpecialToken(id, spelling))));
  }

  @Test
  void shouldLeaveVerbatimTextWholeAndJoinItWithWhatIsAroundIt() {
    MarkedText text =
        MarkedText.trusted("<s>x")
            .concat(MarkedText.verbatim("<s>ab</"))
            .concat(MarkedText.trusted("s></s>"));

    assertThat(describe(splitter.split(text))).isEqualTo("1 'x<s>ab</s>' 2");
  }

  @Test
  void shouldGiveTokensTheWhiteSpaceThatTheyTake() {
    SpecialTokenSplitter strips =
        new SpecialTokenSplitter(
            List.of(
                new SpecialToken(1, "<l>", true, false, false),
                new SpecialToken(2, "<r>", false, true, false),
                new SpecialToken(3, "word", false, false, true)));

    assertThat(describe(strips.split("a <l> b <r> c"))).isEqualTo("'a' 1 ' b ' 2 'c'");
    assertThat(describe(strips.split("<r>\n <l>"))).isEqualTo("2 1");
    assertThat(describe(strips.split("a word, words"))).isEqualTo("'a ' 3 ', words'");
  }

  private static SpecialTokenSplitter splitter(Map<Integer, String> spellings) {
    return new SpecialTokenSplitter(
        spellings.entrySet().stream()
            .map(token -> new SpecialToken(token.getKey(), token.getValue()))
            .toList());
  }

  private String describe(String text) {
    return describe(splitter.split(text));
  }

  private static String describe(List<Part> parts) {
    return parts.stream()
        .map(part ->
            switch (part) {
              case Part.Text(String uncut) -> "'" + uncut + "'";
              case Part.Token(SpecialToken token) -> Integer.toString(token.id());
            })
        .collect(Collectors.joining(" "));
  }
}
