package io.millrace.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Cuts text at the spellings of special tokens. The longest token takes all its places first,
 * wherever they are, then the next longest what is left, as llama.cpp does.
 */
final class SpecialTokenSplitter {
  /** A piece of a text. */
  sealed interface Part {
    record Text(String text) implements Part {}

    record Token(int id) implements Part {}
  }

  /**
   * A special token.
   *
   * @param bytes of its spelling in UTF-8
   */
  private record Special(String spelling, int bytes, int id) {
    static final Comparator<Special> LONGEST_FIRST =
        Comparator.comparingInt(Special::bytes).reversed().thenComparingInt(Special::id);

    Special(String spelling, int id) {
      this(spelling, spelling.getBytes(StandardCharsets.UTF_8).length, id);
    }

    /** The character at {@code index}, or -1 behind the end. */
    int at(int index) {
      return index < spelling.length() ? spelling.charAt(index) : -1;
    }
  }

  /** In the order of their spellings: those with a common prefix stand together. */
  private final List<Special> sorted;

  /**
   * Prepares to split at these tokens.
   *
   * @param spellings by token id; empty ones are left out, and of equal ones all but the first
   */
  SpecialTokenSplitter(Map<Integer, String> spellings) {
    TreeMap<String, Special> bySpelling = new TreeMap<>();
    spellings.forEach((id, spelling) ->
        bySpelling.merge(
            spelling,
            new Special(spelling, id),
            (one, other) -> one.id() < other.id() ? one : other));
    bySpelling.remove("");
    this.sorted = List.copyOf(bySpelling.values());
  }

  /** The parts of {@code text} in order, none of them empty. */
  List<Part> split(String text) {
    List<Part> parts = new ArrayList<>();
    if (!text.isEmpty()) {
      parts.add(new Part.Text(text));
    }
    for (Special special : occurringIn(text)) {
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
  private List<Special> occurringIn(String text) {
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
    return found.stream().mapToObj(sorted::get).sorted(Special.LONGEST_FIRST).toList();
  }

  /** The first of {@code [low, high)} whose character at {@code index} is {@code least} or more. */
  private int firstWith(int least, int index, int low, int high) {
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted.get(middle).at(index) < least) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static void cut(String text, Special special, List<Part> into) {
    int from = 0;
    for (int at = text.indexOf(special.spelling());
        at >= 0;
        at = text.indexOf(special.spelling(), from)) {
      if (at > from) {
        into.add(new Part.Text(text.substring(from, at)));
      }
      into.add(new Part.Token(special.id()));
      from = at + special.spelling().length();
    }
    if (from < text.length()) {
      into.add(new Part.Text(text.substring(from)));
    }
  }
}
