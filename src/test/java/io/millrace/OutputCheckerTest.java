package io.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.Usage;
import io.millrace.record.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A checker that passes everything would prove nothing. */
class OutputCheckerTest {
  private final OutputChecker checker = new OutputChecker();

  @Test
  void shouldPassOutputThatIsWhole() {
    chunk(0, "Once", 1, "");
    chunk(1, " upon", 1, "");
    chunk(2, "", 0, "length");
    completion("Once upon", 2, "length");

    assertThat(faults()).isEmpty();
  }

  @Test
  void shouldPassAnError() {
    chunk(0, "Once", 1, "");
    chunk(1, "", 0, "error");
    checker.add(
        Completion.refused(
            "a", 0, Optional.empty(), ErrorCode.ENGINE_ERROR.error("broken"), Map.of()));

    assertThat(faults()).isEmpty();
  }

  @Test
  void shouldFindAGap() {
    chunk(0, "Once", 1, "");
    chunk(2, " upon", 1, "length");
    completion("Once upon", 2, "length");

    assertThat(faults()).containsExactly("a has chunk 2 where 1 is due");
  }

  @Test
  void shouldFindARepeat() {
    chunk(0, "Once", 1, "");
    chunk(0, "Once", 1, "");
    chunk(1, " upon", 1, "length");
    completion("Once upon", 2, "length");

    assertThat(faults()).containsExactly("a has chunk 0 where 1 is due");
  }

  @Test
  void shouldFindAMissingEnd() {
    chunk(0, "Once", 1, "");
    completion("Once", 1, "length");

    assertThat(faults()).hasSize(2).first().asString().contains("chunk 0 of 1");
  }

  @Test
  void shouldFindAnEndThatIsNotLast() {
    chunk(0, "Once", 1, "length");
    chunk(1, "", 0, "length");
    completion("Once", 1, "length");

    assertThat(faults()).singleElement().asString().contains("chunk 0 of 2");
  }

  @Test
  void shouldFindOtherText() {
    chunk(0, "Once ", 1, "length");
    completion("Once", 1, "length");

    assertThat(faults()).singleElement().asString().contains("«Once »", "«Once»");
  }

  @Test
  void shouldFindTokensThatAreNotThere() {
    chunk(0, "Once", 1, "length");
    completion("Once", 2, "length");

    assertThat(faults()).singleElement().asString().contains("1 tokens");
  }

  @Test
  void shouldFindMissingAndRepeatedCompletions() {
    chunk(0, "Once", 1, "length");
    assertThat(faults()).containsExactly("a has 0 completions, expected 1");

    completion("Once", 1, "length");
    completion("Once", 1, "length");
    assertThat(faults()).containsExactly("a has 2 completions, expected 1");
  }

  @Test
  void shouldFindWhatNobodyAskedFor() {
    chunk(0, "Once", 1, "length");
    completion("Once", 1, "length");

    assertThat(checker.faults(List.of(), List.of("a")))
        .containsExactly("a does not stream, but has 1 chunks");
    assertThat(checker.faults(List.of(), List.of()))
        .containsExactly("a was never sent, but has a completion");
  }

  @Test
  void shouldPassSeveralChoicesOneAmongTheOther() {
    chunk(0, 0, "Once", 1, "");
    chunk(1, 0, "Twice", 1, "");
    chunk(1, 1, " more", 1, "length");
    chunk(0, 1, "", 0, "stop");
    completion(3, new Choice(0, "Once", "stop"), new Choice(1, "Twice more", "length"));

    assertThat(faults()).isEmpty();
  }

  @Test
  void shouldFindWhatIsWrongWithOneChoiceOfSeveral() {
    chunk(0, 0, "Once", 1, "stop");
    chunk(1, 0, "Twice", 1, "length");
    completion(2, new Choice(0, "Once", "stop"), new Choice(1, "Thrice", "stop"));

    assertThat(faults()).hasSize(2).allSatisfy(fault -> assertThat(fault).startsWith("a: the"));
  }

  @Test
  void shouldFindAChoiceThatIsMissing() {
    chunk(0, 0, "Once", 1, "stop");
    completion(1, new Choice(0, "Once", "stop"), new Choice(1, "", "stop"));

    assertThat(faults())
        .containsExactly("a: the chunks are of choices [0], the completion has [0, 1]");
  }

  @Test
  void shouldFindARepeatInAChoice() {
    chunk(0, 0, "Once", 1, "stop");
    chunk(1, 0, "Twice", 1, "");
    chunk(1, 0, "Twice", 1, "stop");
    completion(3, new Choice(0, "Once", "stop"), new Choice(1, "TwiceTwice", "stop"));

    assertThat(faults()).containsExactly("a has chunk 0 where 1 is due");
  }

  private List<String> faults() {
    return checker.faults(List.of("a"), List.of());
  }

  private void chunk(int index, String text, int tokens, String finishReason) {
    chunk(0, index, text, tokens, finishReason);
  }

  private void chunk(int choice, int index, String text, int tokens, String finishReason) {
    checker.add(
        new Chunk(
            "a",
            choice,
            index,
            text,
            IntStream.range(0, tokens).boxed().toList(),
            Optional.of(finishReason).filter(reason -> !reason.isEmpty())));
  }

  private void completion(String text, int tokens, String finishReason) {
    completion(tokens, new Choice(0, text, finishReason));
  }

  private void completion(int tokens, Choice... choices) {
    checker.add(
        new Completion(
            "a",
            0,
            Optional.of("m"),
            Optional.empty(),
            List.of(choices),
            Optional.of(new Usage(1, tokens, 0)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of()));
  }
}
