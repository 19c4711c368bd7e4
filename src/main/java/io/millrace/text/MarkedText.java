package io.millrace.text;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A text that knows which of its characters came with a request. A chat template puts special
 * tokens around the contents of messages; what looks like a special token inside the contents is
 * just text.
 *
 * @param spans none of them empty; neighbours differ in {@code verbatim}
 */
public record MarkedText(List<Span> spans) {
  public static final MarkedText EMPTY = new MarkedText(List.of());

  /**
   * A part of the text.
   *
   * @param verbatim whether it came with the request, so that no special token begins, ends or lies
   *     in it
   */
  public record Span(String text, boolean verbatim) {
    public Span {
      requireNonNull(text, "text is null");
    }
  }

  /** Joins neighbours of one kind and leaves empty spans out. */
  public MarkedText {
    List<Span> joined = new ArrayList<>();
    int from = 0;
    while (from < spans.size()) {
      int to = from + 1;
      while (to < spans.size() && spans.get(to).verbatim() == spans.get(from).verbatim()) {
        to++;
      }
      Span whole = to == from + 1 ? spans.get(from) : whole(spans.subList(from, to));
      if (!whole.text().isEmpty()) {
        boolean extendsLast = !joined.isEmpty() && joined.getLast().verbatim() == whole.verbatim();
        joined.add(extendsLast ? whole(List.of(joined.removeLast(), whole)) : whole);
      }
      from = to;
    }
    spans = List.copyOf(joined);
  }

  /** Spans of one kind as one. */
  private static Span whole(List<Span> parts) {
    StringBuilder text = new StringBuilder();
    parts.forEach(part -> text.append(part.text()));
    return new Span(text.toString(), parts.getFirst().verbatim());
  }

  /** Text in which special tokens are parsed. */
  public static MarkedText trusted(String text) {
    return new MarkedText(List.of(new Span(text, false)));
  }

  /** Text that came with a request. */
  public static MarkedText verbatim(String text) {
    return new MarkedText(List.of(new Span(text, true)));
  }

  /** All of it, without the marks. */
  public String text() {
    return spans.size() == 1
        ? spans.getFirst().text()
        : spans.stream().map(Span::text).collect(Collectors.joining());
  }

  /** Whether any part of it came with a request. */
  public boolean hasVerbatim() {
    return spans.stream().anyMatch(Span::verbatim);
  }

  public MarkedText concat(MarkedText end) {
    List<Span> all = new ArrayList<>(spans);
    all.addAll(end.spans);
    return new MarkedText(all);
  }

  /**
   * A part, by UTF-16 positions.
   *
   * @throws IndexOutOfBoundsException when it does not lie in the text
   */
  public MarkedText substring(int from, int to) {
    List<Span> part = new ArrayList<>();
    int start = 0;
    for (Span span : spans) {
      int end = start + span.text().length();
      int first = Math.max(from, start);
      int last = Math.min(to, end);
      if (first < last) {
        part.add(new Span(span.text().substring(first - start, last - start), span.verbatim()));
      }
      start = end;
    }
    if (from < 0 || from > to || to > start) {
      throw new IndexOutOfBoundsException("%d to %d of %d".formatted(from, to, start));
    }
    return new MarkedText(part);
  }

  @Override
  public String toString() {
    return text();
  }
}
