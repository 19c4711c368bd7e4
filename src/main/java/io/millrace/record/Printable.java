package io.millrace.record;

/** Text from records, made safe for messages and terminals. */
public final class Printable {
  private Printable() {}

  /**
   * The text on one line: line ends, other control characters (a terminal obeys some) and unpaired
   * surrogates become {@code \n}, {@code \t} or {@code \}{@code uXXXX}.
   */
  public static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    text.codePoints().forEach(character -> append(escaped, character));
    return escaped.toString();
  }

  /** The text in quotation marks, escaped, and cut when it is long. */
  public static String quote(String text) {
    return '"' + escape(shorten(text, 64)) + '"';
  }

  /** At most so many UTF-16 units of the text; an ellipsis stands for the rest. */
  static String shorten(String text, int maxLength) {
    if (text.length() <= maxLength) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(maxLength - 1)) ? maxLength - 1 : maxLength;
    return text.substring(0, end) + "…";
  }

  private static void append(StringBuilder escaped, int character) {
    switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          escaped.append(
              switch (character) {
                case '\n' -> "\\n";
                case '\t' -> "\\t";
                default -> "\\u%04X".formatted(character);
              });
      default -> escaped.appendCodePoint(character);
    }
  }
}
