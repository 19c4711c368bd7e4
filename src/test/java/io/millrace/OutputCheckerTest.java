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

  private List<String> faults() {
    return checker.faults(List.of("a"), List.of());
  }

  private void chunk(int index, String text, int tokens, String finishReason) {
    checker.add(
        new Chunk(
            "a",
            0,
            index,
            text,
            IntStream.range(0, tokens).boxed().toList(),
            Optional.of(finishReason).filter(reason -> !reason.isEmpty())));
  }

  private void completion(String text, int tokens, String finishReason) {
    checker.add(
        new Completion(
            "a",
            0,
            Optional.of("m"),
            Optional.empty(),
            List.of(new Choice(0, text, finishReason)),
            Optional.of(new Usage(1, tokens, 0)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of()));
  }
}
