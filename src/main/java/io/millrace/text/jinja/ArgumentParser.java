package io.millrace.text.jinja;

import io.millrace.text.jinja.Expression.Argument;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Reads the arguments of calls, filters and tests. */
final class ArgumentParser {
  private final TokenReader tokens;
  private final Supplier<Expression> expressions;

  /**
   * @param expressions reads the next one
   */
  ArgumentParser(TokenReader tokens, Supplier<Expression> expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
  }

  /** What stands between parentheses. */
  List<Argument> read() {
    tokens.expectOperator("(");
    List<Argument> arguments = new ArrayList<>();
    while (!tokens.isOperator(")")) {
      Argument argument = argument();
      checkOrder(arguments, argument);
      arguments.add(argument);
      if (!tokens.isOperator(")")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return List.copyOf(arguments);
  }

  private Argument argument() {
    if (tokens.skipOperator("**")) {
      return new Argument.UnpackedNames(expressions.get());
    }
    if (tokens.skipOperator("*")) {
      return new Argument.Unpacked(expressions.get());
    }
    Expression value = expressions.get();
    if (value instanceof Expression.Name(String name) && tokens.skipOperator("=")) {
      return new Argument.Named(name, expressions.get());
    }
    return new Argument.Positional(value);
  }

  private void checkOrder(List<Argument> before, Argument argument) {
    boolean allowed =
        switch (argument) {
          case Argument.Positional _ ->
              before.stream().allMatch(Argument.Positional.class::isInstance);
          case Argument.Unpacked _ ->
              before.stream()
                  .noneMatch(other ->
                      other instanceof Argument.Unpacked
                          || other instanceof Argument.UnpackedNames);
          case Argument.Named _, Argument.UnpackedNames _ ->
              before.stream().noneMatch(Argument.UnpackedNames.class::isInstance);
        };
    if (!allowed) {
      throw tokens.unexpected("positional arguments, then named ones, each kind unpacked once");
    }
  }
}
