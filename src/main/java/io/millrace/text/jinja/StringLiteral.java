package io.millrace.text.jinja;

/** Escapes in string literals, as Python's {@code unicode-escape} codec reads them. */
final class StringLiteral {
  private StringLiteral() {}

  static String decode(String raw) {
    if (raw.indexOf('\\') < 0) {
      return raw;
    }
    StringBuilder text = new StringBuilder(raw.length());
    int i = 0;
    while (i < raw.length()) {
      char c = raw.charAt(i++);
      if (c != '\\' || i == raw.length()) {
        text.append(c);
        continue;
      }
      char escaped = raw.charAt(i++);
      switch (escaped) {
        case '\n' -> {}
        case '\\', '\'', '"' -> text.append(escaped);
        case 'a' -> text.append('\u0007');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'v' -> text.append('\u000b');
        case 'x' -> i = hex(raw, i, 2, text);
        case 'u' -> i = hex(raw, i, 4, text);
        case 'U' -> i = hex(raw, i, 8, text);
        case 'N' -> throw TemplateException.unsupported("a character by its name, \\N");
        case '0', '1', '2', '3', '4', '5', '6', '7' -> {
          int end = i;
          while (end < raw.length()
              && end < i + 2
              && raw.charAt(end) >= '0'
              && raw.charAt(end) <= '7') {
            end++;
          }
          text.append((char) Integer.parseInt(raw.substring(i - 1, end), 8));
          i = end;
        }
        default -> text.append('\\').append(escaped);
      }
    }
    return text.toString();
  }

  private static int hex(String raw, int from, int digits, StringBuilder into) {
    int end = from + digits;
    if (end > raw.length()
        || !raw.substring(from, end)
            .chars()
            .allMatch(c -> Character.digit(c, 16) >= 0 && c < 128)) {
      throw new TemplateException(
          "a string has a truncated escape, expected %d digits".formatted(digits));
    }
    long code = Long.parseLong(raw.substring(from, end), 16);
    if (code > Character.MAX_CODE_POINT || code >= 0xd800 && code <= 0xdfff) {
      throw new TemplateException(
          "a string has the escape %x, which is no character".formatted(code));
    }
    into.appendCodePoint((int) code);
    return end;
  }
}
