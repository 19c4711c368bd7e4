package io.millrace.cli;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.Completion.Timings;
import io.millrace.record.Printable;
import java.util.Locale;
import java.util.stream.Collectors;

/** Records as one readable line each, safe to show on a terminal. */
final class RecordLines {
  private RecordLines() {}

  static String of(Chunk chunk) {
    String end = chunk.finishReason().map(reason -> "  (" + reason + ")").orElse("");
    return Printable.escape(
            "chunk       %s  %d  \"%s\"".formatted(chunk.id(), chunk.index(), chunk.text()))
        + end;
  }

  static String of(Completion completion) {
    String texts =
        completion.choices().stream()
            .map(choice -> "  \"" + Printable.escape(choice.text()) + '"')
            .collect(Collectors.joining());
    return end(completion) + texts;
  }

  /** How a completion ended, and at what rate, without its text. */
  static String end(Completion completion) {
    String end = completion.error().map(RecordLines::of).orElseGet(() -> summary(completion));
    return Printable.escape("completion  %s  %s".formatted(completion.id(), end));
  }

  private static String of(ErrorBody error) {
    return "%s: %s".formatted(error.code(), error.message());
  }

  private static String summary(Completion completion) {
    StringBuilder summary =
        new StringBuilder(
            completion.choices().stream()
                .map(Choice::finishReason)
                .collect(Collectors.joining("/")));
    completion
        .usage()
        .ifPresent(usage -> summary.append(", %d tokens".formatted(usage.completionTokens())));
    completion
        .timings()
        .map(Timings::generationTokensPerSecond)
        .ifPresent(rate -> summary.append(String.format(Locale.ROOT, ", %.1f tokens/s", rate)));
    completion.worker().ifPresent(worker -> summary.append(", ").append(worker));
    return summary.toString();
  }
}
