package io.millrace.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.text.SpecialTokenSplitter.Part;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecialTokenSplitterTest {
  private final SpecialTokenSplitter splitter =
      new SpecialTokenSplitter(
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
    assertThat(new SpecialTokenSplitter(Map.of()).split("<s>"))
        .containsExactly(new Part.Text("<s>"));
  }

  @Test
  void shouldFindEachOfManyTokens() {
    Map<Integer, String> many =
        IntStream.range(0, 500).boxed().collect(Collectors.toMap(i -> i, "<|%d|>"::formatted));
    SpecialTokenSplitter splitsMany = new SpecialTokenSplitter(many);

    many.forEach((id, spelling) ->
        assertThat(splitsMany.split("x" + spelling))
            .containsExactly(new Part.Text("x"), new Part.Token(id)));
  }

  private String describe(String text) {
    return splitter.split(text).stream()
        .map(part ->
            switch (part) {
              case Part.Text(String uncut) -> "'" + uncut + "'";
              case Part.Token(int id) -> Integer.toString(id);
            })
        .collect(Collectors.joining(" "));
  }
}
