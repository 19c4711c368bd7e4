package io.millrace.text;

import static java.util.Objects.requireNonNull;

/**
 * A token that is found in a text by its spelling, before anything else is tokenized.
 *
 * @param stripsLeft whether white space in front of it belongs to it
 * @param stripsRight whether white space after it belongs to it
 * @param wholeWord whether it counts only where no word character touches it
 */
record SpecialToken(
    int id, String spelling, boolean stripsLeft, boolean stripsRight, boolean wholeWord) {
  SpecialToken {
    requireNonNull(spelling, "spelling is null");
  }

  SpecialToken(int id, String spelling) {
    this(id, spelling, false, false, false);
  }

  /** Whether it may stand at {@code [from, to)} of a text. */
  boolean fits(String text, int from, int to) {
    return !wholeWord
        || !(from > 0 && isWord(text.codePointBefore(from)))
            && !(to < text.length() && isWord(text.codePointAt(to)));
  }

  private static boolean isWord(int c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }
}
