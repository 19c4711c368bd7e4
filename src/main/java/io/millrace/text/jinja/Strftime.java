package io.millrace.text.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Python's {@code strftime}, in English. */
final class Strftime {
  private Strftime() {}

  static String format(String format, LocalDateTime time) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        text.append(c);
        continue;
      }
      boolean unpadded = format.startsWith("-", i + 1);
      i += unpadded ? 2 : 1;
      if (i >= format.length()) {
        throw TemplateException.unsupported("a date format that ends with %");
      }
      String pattern = pattern(format.charAt(i), unpadded);
      text.append(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time));
    }
    return text.toString();
  }

  private static String pattern(char directive, boolean unpadded) {
    if (unpadded && "dmHIMSjy".indexOf(directive) < 0) {
      throw unknown(directive);
    }
    return switch (directive) {
      case 'Y' -> "uuuu";
      case 'y' -> unpadded ? "y" : "uu";
      case 'm' -> unpadded ? "M" : "MM";
      case 'B' -> "MMMM";
      case 'b', 'h' -> "MMM";
      case 'd' -> unpadded ? "d" : "dd";
      case 'e' -> "ppd";
      case 'j' -> unpadded ? "D" : "DDD";
      case 'A' -> "EEEE";
      case 'a' -> "EEE";
      case 'H' -> unpadded ? "H" : "HH";
      case 'I' -> unpadded ? "h" : "hh";
      case 'M' -> unpadded ? "m" : "mm";
      case 'S' -> unpadded ? "s" : "ss";
      case 'p' -> "a";
      case 'f' -> "SSSSSS";
      case 'F' -> "uuuu-MM-dd";
      case 'T' -> "HH:mm:ss";
      case 'D' -> "MM/dd/uu";
      case 'R' -> "HH:mm";
      case '%' -> "'%'";
      case 'n' -> "'\n'";
      case 't' -> "'\t'";
      default -> throw unknown(directive);
    };
  }

  private static TemplateException unknown(char directive) {
    return TemplateException.unsupported("the date format %" + directive);
  }
}
