package io.millrace.text.jinja;

import io.millrace.text.jinja.Token.Kind;
import java.util.List;

/** Goes through the words of a template. */
final class TokenReader {
  /** Bounds the stack that parsing takes. */
  private static final int MAX_DEPTH = 100;

  private final List<Token> tokens;
  private int position;
  private int depth;

  TokenReader(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(position);
  }

  Token next() {
    Token token = current();
    if (token.kind() != Kind.END) {
      position++;
    }
    return token;
  }

  int line() {
    return current().line();
  }

  boolean isOperator(String operator) {
    return current().is(Kind.OPERATOR, operator);
  }

  boolean isName(String name) {
    return current().is(Kind.NAME, name);
  }

  /** Whether the word after the current one is this name. */
  boolean isFollowedByName(String name) {
    return position + 1 < tokens.size() && tokens.get(position + 1).is(Kind.NAME, name);
  }

  boolean skipOperator(String operator) {
    return skip(isOperator(operator));
  }

  boolean skipName(String name) {
    return skip(isName(name));
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("'" + name + "'");
    }
  }

  String expectName() {
    return expect(Kind.NAME, "a name").text();
  }

  Token expect(Kind kind, String what) {
    if (current().kind() != kind) {
      throw unexpected(what);
    }
    return next();
  }

  TemplateException unexpected(String expected) {
    return new TemplateException(
            "unexpected %s, expected %s".formatted(current().describe(), expected))
        .at(line());
  }

  TemplateException unsupported(String construct) {
    return TemplateException.unsupported(construct).at(line());
  }

  /** Counts a nesting; {@link #leave} ends it. */
  void enter() {
    if (++depth > MAX_DEPTH) {
      throw new TemplateException("nested deeper than %d".formatted(MAX_DEPTH)).at(line());
    }
  }

  void leave() {
    depth--;
  }

  private boolean skip(boolean matches) {
    if (matches) {
      next();
    }
    return matches;
  }
}
