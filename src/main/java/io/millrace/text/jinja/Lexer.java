package io.millrace.text.jinja;

import io.millrace.text.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into words, with Hugging Face's settings: {@code trim_blocks} takes the line end
 * after a block or comment, {@code lstrip_blocks} the blanks in front of one that begins its line,
 * and one line end at the end of the template is left out.
 */
final class Lexer {
  private static final int MAX_CHARS = 1 << 20;
  private static final Pattern NEWLINE = Pattern.compile("\r\n|\r");
  private static final Pattern OPENING = Pattern.compile("\\{[{%#]");
  private static final Pattern RAW =
      Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW =
      Pattern.compile(
          "\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\n?)", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOAT =
      Pattern.compile(
          "(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
  private static final Pattern INTEGER =
      Pattern.compile(
          "0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
  private static final Pattern NAME =
      Pattern.compile("[\\p{L}\\p{Nl}_][\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}]*");
  private static final Pattern OPERATOR =
      Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}<>=.:|,;]");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private final Deque<Character> open = new ArrayDeque<>();
  private int position;
  private int line = 1;
  private boolean atLineStart = true;

  private Lexer(String source) {
    this.source = source;
  }

  /**
   * The words of a template, an {@link Kind#END} last.
   *
   * @throws TemplateException when it cannot be cut
   */
  static List<Token> tokens(String source) {
    if (source.length() > MAX_CHARS) {
      throw new TemplateException(
          "the template has %d characters, expected at most %d"
              .formatted(source.length(), MAX_CHARS));
    }
    String lines = NEWLINE.matcher(source).replaceAll("\n");
    Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
    try {
      lexer.run();
    } catch (TemplateException e) {
      throw e.at(lexer.line);
    }
    return List.copyOf(lexer.tokens);
  }

  private void run() {
    Matcher opening = OPENING.matcher(source);
    while (opening.find(position)) {
      int start = opening.start();
      char kind = source.charAt(start + 1);
      Matcher raw = at(RAW, start);
      data(source.substring(position, start), sign(start + 2), kind != '{');
      if (kind == '#') {
        comment(start);
      } else if (raw != null) {
        advance(raw.end());
        raw();
      } else {
        tag(start, kind);
      }
    }
    add(Kind.DATA, source.substring(position));
    add(Kind.END, "");
  }

  /** Text in front of a tag, without what the tag strips. */
  private void data(String text, char sign, boolean isBlock) {
    String kept = text;
    if (sign == '-') {
      kept = text.substring(0, PythonText.skipSpacesBack(text, 0, text.length()));
    } else if (sign != '+' && isBlock) {
      int lineStart = text.lastIndexOf('\n') + 1;
      boolean blank = PythonText.skipSpaces(text, lineStart) == text.length();
      if (blank && (lineStart > 0 || atLineStart)) {
        kept = text.substring(0, lineStart);
      }
    }
    if (!kept.isEmpty()) {
      add(Kind.DATA, kept);
    }
    line += count(text);
    position += text.length();
  }

  private void comment(int start) {
    int end = source.indexOf("#}", start + 2);
    if (end < 0) {
      throw new TemplateException("a comment is not closed, expected #}");
    }
    boolean strips = end > start + 2 && source.charAt(end - 1) == '-';
    boolean keeps = end > start + 2 && source.charAt(end - 1) == '+';
    advance(afterEnd(end + 2, strips, !keeps));
  }

  private void raw() {
    Matcher end = END_RAW.matcher(source);
    if (!end.find(position)) {
      throw new TemplateException("a raw block is not closed, expected endraw");
    }
    String sign = end.group(1);
    data(source.substring(position, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0), true);
    advance(end.end());
  }

  private void tag(int start, char kind) {
    boolean isVariable = kind == '{';
    add(isVariable ? Kind.VARIABLE_BEGIN : Kind.BLOCK_BEGIN, "");
    position = start + 2;
    if (sign(position) != ' ') {
      position++;
    }
    String close = isVariable ? "}}" : "%}";
    while (true) {
      advance(PythonText.skipSpaces(source, position));
      if (position == source.length()) {
        throw new TemplateException("the template ends inside a tag, expected " + close);
      }
      if (open.isEmpty() && closes(close, isVariable)) {
        return;
      }
      word();
    }
  }

  /** Whether the tag ends here, which takes what its sign strips. */
  private boolean closes(String close, boolean isVariable) {
    char sign = sign(position);
    int end = sign == ' ' ? position : position + 1;
    if (!source.startsWith(close, end) || sign == '+' && isVariable) {
      return false;
    }
    add(isVariable ? Kind.VARIABLE_END : Kind.BLOCK_END, "");
    advance(afterEnd(end + 2, sign == '-', sign != '+' && !isVariable));
    return true;
  }

  private int afterEnd(int end, boolean strips, boolean trims) {
    if (strips) {
      return PythonText.skipSpaces(source, end);
    }
    return trims && source.startsWith("\n", end) ? end + 1 : end;
  }

  private void word() {
    char c = source.charAt(position);
    if (c == '\'' || c == '"') {
      string(c);
    } else if (!(word(FLOAT, Kind.FLOAT) || word(INTEGER, Kind.INTEGER) || word(NAME, Kind.NAME))) {
      if (!word(OPERATOR, Kind.OPERATOR)) {
        throw new TemplateException("unexpected character '%c'".formatted(c));
      }
      balance(c);
    }
  }

  private boolean word(Pattern pattern, Kind kind) {
    Matcher word = at(pattern, position);
    if (word == null || kind == Kind.FLOAT && position > 0 && source.charAt(position - 1) == '.') {
      return false;
    }
    add(kind, word.group());
    advance(word.end());
    return true;
  }

  private void string(char quote) {
    int end = position + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw new TemplateException("a string is not closed, expected " + quote);
    }
    add(Kind.STRING, StringLiteral.decode(source.substring(position + 1, end)));
    advance(end + 1);
  }

  /** Braces inside a tag do not end it. */
  private void balance(char c) {
    switch (c) {
      case '{' -> open.push('}');
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '}', ')', ']' -> {
        if (open.isEmpty() || open.pop() != c) {
          throw new TemplateException("unexpected '%c'".formatted(c));
        }
      }
      default -> {}
    }
  }

  private char sign(int at) {
    char c = at < source.length() ? source.charAt(at) : ' ';
    return c == '-' || c == '+' ? c : ' ';
  }

  private Matcher at(Pattern pattern, int start) {
    Matcher matcher = pattern.matcher(source).region(start, source.length());
    return matcher.lookingAt() ? matcher : null;
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void advance(int to) {
    line += count(source.substring(position, to));
    atLineStart = to > 0 && source.charAt(to - 1) == '\n';
    position = to;
  }

  private static int count(String text) {
    return (int) text.chars().filter(c -> c == '\n').count();
  }
}
