package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.MarkedText.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/** Python's operations on strings, which keep the marks of what they cut and join. */
final class Texts {
  private Texts() {}

  /** {@code strip}, or one side of it. */
  static MarkedText strip(MarkedText text, IntPredicate stripped, boolean left, boolean right) {
    String plain = text.text();
    int from = 0;
    int to = plain.length();
    while (left && from < to && stripped.test(plain.codePointAt(from))) {
      from += Character.charCount(plain.codePointAt(from));
    }
    while (right && to > from && stripped.test(plain.codePointBefore(to))) {
      to -= Character.charCount(plain.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  /**
   * {@code replace}.
   *
   * @param most replacements; negative for all
   */
  static MarkedText replace(MarkedText text, String old, MarkedText by, int most) {
    String plain = text.text();
    List<Span> spans = new ArrayList<>();
    int from = 0;
    int at = plain.indexOf(old);
    for (int done = 0; at >= 0 && (most < 0 || done < most); done++) {
      spans.addAll(text.substring(from, at).spans());
      spans.addAll(by.spans());
      from = at + old.length();
      if (old.isEmpty()) {
        // Between every two characters, and at both ends.
        if (at == plain.length()) {
          break;
        }
        int next = plain.offsetByCodePoints(at, 1);
        spans.addAll(text.substring(at, next).spans());
        from = next;
        at = next;
      } else {
        at = plain.indexOf(old, from);
      }
    }
    spans.addAll(text.substring(Math.min(from, plain.length()), plain.length()).spans());
    return new MarkedText(spans);
  }

  /**
   * {@code split(separator, most)}.
   *
   * @param most cuts; negative for all
   */
  static List<MarkedText> split(MarkedText text, String separator, int most, boolean fromRight) {
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    String plain = text.text();
    List<MarkedText> parts = new ArrayList<>();
    if (fromRight) {
      int end = plain.length();
      int at =
          end < separator.length() ? -1 : plain.lastIndexOf(separator, end - separator.length());
      while (at >= 0 && (most < 0 || parts.size() < most)) {
        parts.addFirst(text.substring(at + separator.length(), end));
        end = at;
        at = end < separator.length() ? -1 : plain.lastIndexOf(separator, end - separator.length());
      }
      parts.addFirst(text.substring(0, end));
      return parts;
    }
    int from = 0;
    for (int at = plain.indexOf(separator);
        at >= 0 && (most < 0 || parts.size() < most);
        at = plain.indexOf(separator, from)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from, plain.length()));
    return parts;
  }

  /** {@code split()} at runs of white space. */
  static List<MarkedText> words(MarkedText text, int most) {
    String plain = text.text();
    List<MarkedText> words = new ArrayList<>();
    int from = PythonText.skipSpaces(plain, 0);
    while (from < plain.length()) {
      if (most >= 0 && words.size() == most) {
        words.add(text.substring(from, PythonText.skipSpacesBack(plain, from, plain.length())));
        break;
      }
      int to = from;
      while (to < plain.length() && !PythonText.isSpace(plain.charAt(to))) {
        to++;
      }
      words.add(text.substring(from, to));
      from = PythonText.skipSpaces(plain, to);
    }
    return words;
  }

  static List<MarkedText> lines(MarkedText text, boolean keepEnds) {
    String plain = text.text();
    List<MarkedText> lines = new ArrayList<>();
    int from = 0;
    while (from < plain.length()) {
      int end = from;
      while (end < plain.length() && !PythonText.isLineEnd(plain.charAt(end))) {
        end++;
      }
      int next = end == plain.length() ? end : end + (plain.startsWith("\r\n", end) ? 2 : 1);
      lines.add(text.substring(from, keepEnds ? next : end));
      from = next;
    }
    return lines;
  }

  static MarkedText join(MarkedText separator, List<MarkedText> parts) {
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        spans.addAll(separator.spans());
      }
      spans.addAll(parts.get(i).spans());
    }
    return new MarkedText(spans);
  }

  /** Changes the letters, not the marks. */
  static MarkedText map(MarkedText text, UnaryOperator<String> change) {
    return new MarkedText(
        text.spans().stream()
            .map(span -> new Span(change.apply(span.text()), span.verbatim()))
            .toList());
  }

  /** The first character changed, the others in small letters. */
  static MarkedText capitalize(MarkedText text) {
    String plain = text.text();
    if (plain.isEmpty()) {
      return text;
    }
    int first = Character.charCount(plain.codePointAt(0));
    return map(text.substring(0, first), Texts::upper)
        .concat(map(text.substring(first, plain.length()), Texts::lower));
  }

  static String upper(String text) {
    return text.toUpperCase(java.util.Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(java.util.Locale.ROOT);
  }

  /** Number of characters, as Python counts them. */
  static int length(MarkedText text) {
    String plain = text.text();
    return plain.codePointCount(0, plain.length());
  }

  /** Its characters, one by one. */
  static List<MarkedText> characters(MarkedText text) {
    List<MarkedText> characters = new ArrayList<>();
    for (Span span : text.spans()) {
      span.text()
          .codePoints()
          .forEach(c ->
              characters.add(
                  new MarkedText(List.of(new Span(Character.toString(c), span.verbatim())))));
    }
    return characters;
  }
}
