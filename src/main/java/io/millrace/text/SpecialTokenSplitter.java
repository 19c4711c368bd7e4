package io.millrace.text;

import io.millrace.text.MarkedText.Span;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Cuts text at the spellings of special tokens. The longest token takes all its places first,
 * wherever they are, then the next longest what is left, as llama.cpp does.
 */
final class SpecialTokenSplitter {
  /** A piece of a text. */
  sealed interface Part {
    record Text(String text) implements Part {}

    record Token(SpecialToken token) implements Part {}
  }

  private static final Comparator<SpecialToken> LONGEST_FIRST =
      Comparator.comparingInt(
              (SpecialToken token) -> token.spelling().getBytes(StandardCharsets.UTF_8).length)
          .reversed()
          .thenComparingInt(SpecialToken::id);

  /** In the order of their spellings: those with a common prefix stand together. */
  private final List<SpecialToken> sorted;

  /**
   * Prepares to split at these tokens. Those without a spelling are left out, and of those with the
   * same one all but the first.
   */
  SpecialTokenSplitter(Collection<SpecialToken> tokens) {
    TreeMap<String, SpecialToken> bySpelling = new TreeMap<>();
    tokens.forEach(token ->
        bySpelling.merge(
            token.spelling(), token, (one, other) -> one.id() < other.id() ? one : other));
    bySpelling.remove("");
    this.sorted = List.copyOf(bySpelling.values());
  }

  /** The parts of {@code text} in order, none of them empty. */
  List<Part> split(String text) {
    return split(MarkedText.trusted(text));
  }

  /** The parts of {@code text} in order, none of them empty; what is verbatim stays text. */
  List<Part> split(MarkedText text) {
    List<Part> parts = new ArrayList<>();
    for (Span span : text.spans()) {
      if (span.verbatim()) {
        append(parts, new Part.Text(span.text()));
      } else {
        cut(span.text()).forEach(part -> append(parts, part));
      }
    }
    return strip(parts);
  }

  private List<Part> cut(String text) {
    List<Part> parts = List.of(new Part.Text(text));
    for (SpecialToken special : occurringIn(text)) {
      List<Part> finer = new ArrayList<>();
      for (Part part : parts) {
        switch (part) {
          case Part.Text(String uncut) -> cut(uncut, special, finer);
          case Part.Token token -> finer.add(token);
        }
      }
      parts = finer;
    }
    return parts;
  }

  /** Those of many tokens that a text has at all, found in one pass. */
  private List<SpecialToken> occurringIn(String text) {
    BitSet found = new BitSet();
    for (int start = 0; start < text.length(); start++) {
      int low = 0;
      int high = sorted.size();
      for (int length = 0; low < high && start + length < text.length(); length++) {
        char next = text.charAt(start + length);
        low = firstWith(next, length, low, high);
        high = firstWith(next + 1, length, low, high);
        if (low < high && sorted.get(low).spelling().length() == length + 1) {
          found.set(low);
        }
      }
    }
    return found.stream().mapToObj(sorted::get).sorted(LONGEST_FIRST).toList();
  }

  /** The first of {@code [low, high)} whose character at {@code index} is {@code least} or more. */
  private int firstWith(int least, int index, int low, int high) {
    while (low < high) {
      int middle = (low + high) >>> 1;
      String spelling = sorted.get(middle).spelling();
      int character = index < spelling.length() ? spelling.charAt(index) : -1;
      if (character < least) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static void cut(String text, SpecialToken special, List<Part> into) {
    int from = 0;
    int length = special.spelling().length();
    for (int at = text.indexOf(special.spelling());
        at >= 0;
        at = text.indexOf(special.spelling(), at + length)) {
      if (!special.fits(text, at, at + length)) {
        continue;
      }
      if (at > from) {
        into.add(new Part.Text(text.substring(from, at)));
      }
      into.add(new Part.Token(special));
      from = at + length;
    }
    if (from < text.length()) {
      into.add(new Part.Text(text.substring(from)));
    }
  }

  /** Joins text with text: what was cut apart only by its marks is tokenized as one. */
  private static void append(List<Part> parts, Part part) {
    if (part instanceof Part.Text(String end)
        && !parts.isEmpty()
        && parts.getLast() instanceof Part.Text(String begin)) {
      parts.removeLast();
      parts.add(new Part.Text(begin + end));
    } else {
      parts.add(part);
    }
  }

  /** Takes away the white space that belongs to the tokens beside it. */
  private static List<Part> strip(List<Part> parts) {
    List<Part> stripped = new ArrayList<>(parts.size());
    for (int i = 0; i < parts.size(); i++) {
      if (!(parts.get(i) instanceof Part.Text(String text))) {
        stripped.add(parts.get(i));
        continue;
      }
      if (i > 0
          && parts.get(i - 1) instanceof Part.Token(SpecialToken left)
          && left.stripsRight()) {
        text = text.stripLeading();
      }
      if (i + 1 < parts.size()
          && parts.get(i + 1) instanceof Part.Token(SpecialToken right)
          && right.stripsLeft()) {
        text = text.stripTrailing();
      }
      if (!text.isEmpty()) {
        stripped.add(new Part.Text(text));
      }
    }
    return stripped;
  }
}
