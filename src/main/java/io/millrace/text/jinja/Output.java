package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.MarkedText.Span;
import java.util.ArrayList;
import java.util.List;

/** Text as it is written. */
final class Output {
  private final Budget budget;
  private final List<Span> spans = new ArrayList<>();
  private final StringBuilder last = new StringBuilder();
  private boolean lastIsVerbatim;

  Output(Budget budget) {
    this.budget = budget;
  }

  void write(MarkedText text) {
    text.spans().forEach(span -> write(span.text(), span.verbatim()));
  }

  void write(String text) {
    write(text, false);
  }

  private void write(String text, boolean verbatim) {
    budget.chars(text.length());
    if (verbatim != lastIsVerbatim) {
      flush();
      lastIsVerbatim = verbatim;
    }
    last.append(text);
  }

  MarkedText text() {
    flush();
    return new MarkedText(spans);
  }

  private void flush() {
    spans.add(new Span(last.toString(), lastIsVerbatim));
    last.setLength(0);
  }
}
