package io.millrace.text.jinja;

/** Python's notions of characters and numbers, where Java's differ. */
final class PythonText {
  private PythonText() {}

  /** {@code str.isspace}, which is also what {@code strip} strips and {@code \s} matches. */
  static boolean isSpace(int c) {
    return c >= 0x09 && c <= 0x0d
        || c >= 0x1c && c <= 0x20
        || c == 0x85
        || c == 0xa0
        || c == 0x1680
        || c >= 0x2000 && c <= 0x200a
        || c == 0x2028
        || c == 0x2029
        || c == 0x202f
        || c == 0x205f
        || c == 0x3000;
  }

  /** Whether {@code str.splitlines} ends a line at this character. */
  static boolean isLineEnd(char c) {
    return c >= 0x0a && c <= 0x0d
        || c >= 0x1c && c <= 0x1e
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  /** The position behind the white space at {@code from}. */
  static int skipSpaces(String text, int from) {
    int end = from;
    while (end < text.length() && isSpace(text.charAt(end))) {
      end++;
    }
    return end;
  }

  /** The position behind the last character of {@code [from, to)} that is not white space. */
  static int skipSpacesBack(String text, int from, int to) {
    int end = to;
    while (end > from && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  /** {@code repr} of a float: the shortest digits that give it back. */
  static String repr(double number) {
    if (Double.isNaN(number)) {
      return "nan";
    }
    if (Double.isInfinite(number)) {
      return number > 0 ? "inf" : "-inf";
    }
    if (number == 0) {
      return 1 / number < 0 ? "-0.0" : "0.0";
    }
    java.math.BigDecimal decimal =
        new java.math.BigDecimal(Double.toString(Math.abs(number))).stripTrailingZeros();
    String digits = decimal.unscaledValue().toString();
    int exponent = digits.length() - decimal.scale() - 1;
    String sign = number < 0 ? "-" : "";
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      return "%s%c%se%s%02d"
          .formatted(
              sign, digits.charAt(0), fraction, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
    String plain = decimal.toPlainString();
    return sign + (plain.contains(".") ? plain : plain + ".0");
  }

  /** {@code repr} of a string. */
  static String repr(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder quoted = new StringBuilder().append(quote);
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '\n' -> quoted.append("\\n");
            case '\r' -> quoted.append("\\r");
            case '\t' -> quoted.append("\\t");
            case '\\' -> quoted.append("\\\\");
            default -> {
              if (c == quote) {
                quoted.append('\\').append(quote);
              } else if (isPrintable(c)) {
                quoted.appendCodePoint(c);
              } else {
                quoted.append(
                    (c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
              }
            }
          }
        });
    return quoted.append(quote).toString();
  }

  private static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }
}
