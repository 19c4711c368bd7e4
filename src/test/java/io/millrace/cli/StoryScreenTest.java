package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.Usage;
import io.millrace.record.ErrorCode;
import io.millrace.record.Prompt;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StoryScreenTest {
  private final StringWriter shown = new StringWriter();
  private final StoryScreen screen = screen(Colours.OFF);

  @Test
  void shouldShowTheFirstTextAsItGrows() {
    chunk("a", " upon");
    chunk("a", " a time");

    assertThat(shown).hasToString("Once upon a time");
  }

  @Test
  void shouldKeepOtherTextsUntilTheirTurn() {
    chunk("b", " fox");
    chunk("a", " upon");
    end("b", 3);
    assertThat(shown).hasToString("Once upon");

    end("a", 2);

    assertThat(shown.toString().lines())
        .containsExactly("Once upon", "  2 tokens, stop", "", "One fox", "  3 tokens, stop", "");
  }

  @Test
  void shouldGoOnLiveWithTheNextText() {
    chunk("b", " fox");
    end("a", 0);

    chunk("b", " ran");

    assertThat(shown.toString()).endsWith("One fox ran");
  }

  @Test
  void shouldShowAnError() {
    screen.end(
        Completion.refused(
            "a", 0, Optional.empty(), ErrorCode.NO_WORKER.error("nobody is here"), Map.of()));

    assertThat(shown.toString().lines()).contains("  error no_worker: nobody is here");
  }

  @Test
  void shouldEmphasizeOnATerminal() {
    screen(Colours.ON);

    assertThat(shown.toString()).endsWith("\u001b[1mOnce\u001b[0m");
  }

  private StoryScreen screen(Colours colours) {
    List<Prompt> prompts = List.of(Prompt.of("a", "Once").build(), Prompt.of("b", "One").build());
    return new StoryScreen(prompts, new PrintWriter(shown), colours);
  }

  private void chunk(String id, String text) {
    screen.chunk(new Chunk(id, 0, 0, text, List.of(), Optional.empty()));
  }

  private void end(String id, int tokens) {
    screen.end(
        new Completion(
            id,
            0,
            Optional.of("tales"),
            Optional.empty(),
            List.of(new Choice(0, "text", "stop")),
            Optional.of(new Usage(1, tokens, 0)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of()));
  }
}
