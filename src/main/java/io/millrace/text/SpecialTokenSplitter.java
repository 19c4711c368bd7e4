package io.millrace.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

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

  /** Longest first; tokens of the same length by id. */
  private record Special(String spelling, int bytes, int id) implements Comparable<Special> {
    private static final Comparator<Special> ORDER =
        Comparator.comparingInt(Special::bytes).reversed().thenComparingInt(Special::id);

    @Override
    public int compareTo(Special other) {
      return ORDER.compare(this, other);
    }
  }

  /** Prefixes of the spellings: finds which of many tokens a text has at all in one pass. */
  private static final class Trie {
    private final Map<Character, Trie> next = new HashMap<>();
    private final List<Special> here = new ArrayList<>(0);
  }

  private final Trie root = new Trie();

  /**
   * Prepares to split at these tokens.
   *
   * @param spellings by token id; empty ones are left out
   */
  SpecialTokenSplitter(Map<Integer, String> spellings) {
    spellings.forEach((id, spelling) -> {
      Trie node = root;
      for (char c : spelling.toCharArray()) {
        node = node.next.computeIfAbsent(c, key -> new Trie());
      }
      if (node != root) {
        int bytes = spelling.getBytes(StandardCharsets.UTF_8).length;
        node.here.add(new Special(spelling, bytes, id));
      }
    });
  }

  /** The parts of {@code text} in order, none of them empty. */
  List<Part> split(String text) {
    List<Part> parts = new ArrayList<>();
    if (!text.isEmpty()) {
      parts.add(new Part.Text(text));
    }
    for (Special special : occurring(text)) {
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

  private NavigableSet<Special> occurring(String text) {
    NavigableSet<Special> found = new TreeSet<>();
    for (int start = 0; start < text.length(); start++) {
      Trie node = root;
      for (int i = start; i < text.length(); i++) {
        node = node.next.get(text.charAt(i));
        if (node == null) {
          break;
        }
        found.addAll(node.here);
      }
    }
    return found;
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
