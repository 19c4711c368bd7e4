package io.millrace.text.jinja;

import java.util.List;
import java.util.Optional;

/** What has a value. */
sealed interface Expression {
  record Constant(Value value) implements Expression {}

  record Name(String name) implements Expression {}

  record ListOf(List<Expression> elements) implements Expression {}

  record TupleOf(List<Expression> elements) implements Expression {}

  record DictOf(List<Pair> pairs) implements Expression {}

  /** {@code key: value}. */
  record Pair(Expression key, Expression value) {}

  record Unary(String operator, Expression operand) implements Expression {}

  record Binary(String operator, Expression left, Expression right) implements Expression {}

  /** {@code and}, {@code or}: the right side is evaluated only when it decides. */
  record Logical(boolean and, Expression left, Expression right) implements Expression {}

  /** {@code a < b <= c}. */
  record Comparison(Expression first, List<Compared> rest) implements Expression {}

  record Compared(String operator, Expression operand) {}

  record Conditional(Expression test, Expression then, Optional<Expression> otherwise)
      implements Expression {}

  /** {@code object.name}. */
  record Attribute(Expression object, String name) implements Expression {}

  /** {@code object[key]}. */
  record Item(Expression object, Expression key) implements Expression {}

  /** {@code object[from:to:step]}. */
  record Slice(
      Expression object,
      Optional<Expression> from,
      Optional<Expression> to,
      Optional<Expression> step)
      implements Expression {}

  record Call(Expression callee, List<Argument> arguments) implements Expression {}

  /** {@code operand | name(arguments)}. */
  record Filter(Expression operand, String name, List<Argument> arguments) implements Expression {}

  /** {@code operand is name(arguments)}. */
  record Test(Expression operand, String name, List<Argument> arguments) implements Expression {}

  /** What a call is made with. */
  sealed interface Argument {
    Expression value();

    record Positional(Expression value) implements Argument {}

    record Named(String name, Expression value) implements Argument {}

    /** {@code *values}: each of them is an argument. */
    record Unpacked(Expression value) implements Argument {}

    /** {@code **mapping}: each entry is a named argument. */
    record UnpackedNames(Expression value) implements Argument {}
  }
}
