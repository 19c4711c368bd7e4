package io.millrace.text.jinja;

import io.millrace.text.jinja.Expression.Argument;
import io.millrace.text.jinja.Expression.Compared;
import io.millrace.text.jinja.Expression.Pair;
import io.millrace.text.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads expressions, with the precedences of Jinja 3.1. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Map<String, Value> CONSTANTS =
      Map.of(
          "true", Value.Bool.TRUE,
          "True", Value.Bool.TRUE,
          "false", Value.Bool.FALSE,
          "False", Value.Bool.FALSE,
          "none", Value.None.NONE,
          "None", Value.None.NONE);

  private final TokenReader tokens;
  private final ArgumentParser arguments;

  ExpressionParser(TokenReader tokens) {
    this.tokens = tokens;
    this.arguments = new ArgumentParser(tokens, this::expression);
  }

  Expression expression() {
    tokens.enter();
    try {
      Expression value = or();
      while (tokens.skipName("if")) {
        Expression test = or();
        Optional<Expression> otherwise =
            tokens.skipName("else") ? Optional.of(expression()) : Optional.empty();
        value = new Expression.Conditional(test, value, otherwise);
      }
      return value;
    } finally {
      tokens.leave();
    }
  }

  /** An expression, or several with commas between, which are a tuple. */
  Expression tuple() {
    return tuple(true, false);
  }

  /** A tuple without a conditional at its top: where {@code if} means something else. */
  Expression tupleWithoutConditional() {
    return tuple(false, false);
  }

  /**
   * @param parenthesized whether it stands in parentheses, so that it may be empty
   */
  private Expression tuple(boolean conditional, boolean parenthesized) {
    List<Expression> elements = new ArrayList<>();
    boolean isTuple = false;
    while (!endsTuple()) {
      elements.add(conditional ? expression() : or());
      if (!tokens.skipOperator(",")) {
        break;
      }
      isTuple = true;
    }
    if (!isTuple && elements.size() == 1) {
      return elements.getFirst();
    }
    if (elements.isEmpty() && !parenthesized) {
      throw tokens.unexpected("an expression");
    }
    return new Expression.TupleOf(elements);
  }

  private boolean endsTuple() {
    Kind kind = tokens.current().kind();
    return kind == Kind.VARIABLE_END
        || kind == Kind.BLOCK_END
        || tokens.isOperator(")")
        || tokens.isName("recursive");
  }

  Expression or() {
    Expression left = and();
    while (tokens.skipName("or")) {
      left = new Expression.Logical(false, left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.skipName("and")) {
      left = new Expression.Logical(true, left, not());
    }
    return left;
  }

  private Expression not() {
    if (!tokens.skipName("not")) {
      return comparison();
    }
    tokens.enter();
    try {
      return new Expression.Unary("not", not());
    } finally {
      tokens.leave();
    }
  }

  private Expression comparison() {
    Expression first = sum();
    List<Compared> rest = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
        tokens.next();
        rest.add(new Compared(token.text(), sum()));
      } else if (tokens.skipName("in")) {
        rest.add(new Compared("in", sum()));
      } else if (tokens.isName("not") && tokens.isFollowedByName("in")) {
        tokens.next();
        tokens.next();
        rest.add(new Compared("not in", sum()));
      } else {
        return rest.isEmpty() ? first : new Expression.Comparison(first, rest);
      }
    }
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.isOperator("+") || tokens.isOperator("-")) {
      left = new Expression.Binary(tokens.next().text(), left, concatenation());
    }
    return left;
  }

  private Expression concatenation() {
    Expression left = product();
    while (tokens.skipOperator("~")) {
      left = new Expression.Binary("~", left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = power();
    while (tokens.isOperator("*")
        || tokens.isOperator("/")
        || tokens.isOperator("//")
        || tokens.isOperator("%")) {
      left = new Expression.Binary(tokens.next().text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.skipOperator("**")) {
      left = new Expression.Binary("**", left, unary(true));
    }
    return left;
  }

  private Expression unary(boolean withFilters) {
    tokens.enter();
    try {
      Expression value;
      if (tokens.isOperator("-") || tokens.isOperator("+")) {
        value = new Expression.Unary(tokens.next().text(), unary(false));
      } else {
        value = primary();
      }
      value = postfix(value);
      return withFilters ? filters(value) : value;
    } finally {
      tokens.leave();
    }
  }

  private Expression primary() {
    Token token = tokens.current();
    switch (token.kind()) {
      case NAME -> {
        tokens.next();
        Value constant = CONSTANTS.get(token.text());
        return constant == null
            ? new Expression.Name(token.text())
            : new Expression.Constant(constant);
      }
      case STRING -> {
        StringBuilder text = new StringBuilder();
        while (tokens.current().kind() == Kind.STRING) {
          text.append(tokens.next().text());
        }
        return new Expression.Constant(Value.Text.of(text.toString()));
      }
      case INTEGER -> {
        tokens.next();
        return new Expression.Constant(integer(token));
      }
      case FLOAT -> {
        tokens.next();
        return new Expression.Constant(
            new Value.Real(Double.parseDouble(token.text().replace("_", ""))));
      }
      default -> {
        if (tokens.skipOperator("(")) {
          Expression inside = tuple(true, true);
          tokens.expectOperator(")");
          return inside;
        }
        if (tokens.skipOperator("[")) {
          return list();
        }
        if (tokens.skipOperator("{")) {
          return dict();
        }
        throw tokens.unexpected("an expression");
      }
    }
  }

  private static Value integer(Token token) {
    String digits = token.text().replace("_", "").toLowerCase(java.util.Locale.ROOT);
    int radix =
        digits.startsWith("0x")
            ? 16
            : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
    try {
      return new Value.Int(
          new BigInteger(radix == 10 ? digits : digits.substring(2), radix).longValueExact());
    } catch (ArithmeticException e) {
      throw TemplateException.unsupported("an integer beyond 64 bits").at(token.line());
    }
  }

  private Expression list() {
    List<Expression> elements = new ArrayList<>();
    while (!tokens.isOperator("]")) {
      elements.add(expression());
      if (!tokens.isOperator("]")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return new Expression.ListOf(elements);
  }

  private Expression dict() {
    List<Pair> pairs = new ArrayList<>();
    while (!tokens.isOperator("}")) {
      Expression key = expression();
      tokens.expectOperator(":");
      pairs.add(new Pair(key, expression()));
      if (!tokens.isOperator("}")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return new Expression.DictOf(pairs);
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.skipOperator(".")) {
        value = attribute(value);
      } else if (tokens.skipOperator("[")) {
        value = subscript(value);
      } else if (tokens.isOperator("(")) {
        value = new Expression.Call(value, arguments.read());
      } else {
        return value;
      }
    }
  }

  private Expression attribute(Expression object) {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> new Expression.Attribute(object, token.text());
      case INTEGER -> new Expression.Item(object, new Expression.Constant(integer(token)));
      default ->
          throw new TemplateException(
                  "unexpected %s after '.', expected a name".formatted(token.describe()))
              .at(token.line());
    };
  }

  private Expression subscript(Expression object) {
    Optional<Expression> from = Optional.empty();
    if (!tokens.isOperator(":")) {
      Expression key = expression();
      if (tokens.skipOperator("]")) {
        return new Expression.Item(object, key);
      }
      if (tokens.isOperator(",")) {
        throw tokens.unsupported("a subscript with a comma");
      }
      from = Optional.of(key);
    }
    tokens.expectOperator(":");
    Optional<Expression> to = bound();
    Optional<Expression> step = tokens.skipOperator(":") ? bound() : Optional.empty();
    tokens.expectOperator("]");
    return new Expression.Slice(object, from, to, step);
  }

  private Optional<Expression> bound() {
    return tokens.isOperator(":") || tokens.isOperator("]")
        ? Optional.empty()
        : Optional.of(expression());
  }

  /** Filters, tests, and calls of what they give. */
  private Expression filters(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.skipOperator("|")) {
        Statement.FilterCall filter = filter();
        value = new Expression.Filter(value, filter.name(), filter.arguments());
      } else if (tokens.skipName("is")) {
        value = test(value);
      } else if (tokens.isOperator("(")) {
        value = new Expression.Call(value, arguments.read());
      } else {
        return value;
      }
    }
  }

  /** A filter behind its bar. */
  Statement.FilterCall filter() {
    String name = dottedName();
    return new Statement.FilterCall(name, tokens.isOperator("(") ? arguments.read() : List.of());
  }

  private Expression test(Expression operand) {
    boolean negated = tokens.skipName("not");
    String name = dottedName();
    List<Argument> given = List.of();
    if (tokens.isOperator("(")) {
      given = arguments.read();
    } else if (startsTestArgument()) {
      if (tokens.isName("is")) {
        throw tokens.unexpected("no second test in a row");
      }
      given = List.of(new Argument.Positional(postfix(primary())));
    }
    Expression test = new Expression.Test(operand, name, given);
    return negated ? new Expression.Unary("not", test) : test;
  }

  private boolean startsTestArgument() {
    return switch (tokens.current().kind()) {
      case NAME -> !tokens.isName("else") && !tokens.isName("or") && !tokens.isName("and");
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> tokens.isOperator("[") || tokens.isOperator("{");
      default -> false;
    };
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(tokens.expectName());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expectName());
    }
    return name.toString();
  }
}
