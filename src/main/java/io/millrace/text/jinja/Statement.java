package io.millrace.text.jinja;

import java.util.List;
import java.util.Optional;

/** What writes, or changes variables. */
sealed interface Statement {
  int line();

  record Data(int line, String text) implements Statement {}

  record Output(int line, Expression value) implements Statement {}

  record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement {}

  record Branch(Expression test, List<Statement> body) {}

  record For(
      int line,
      Target target,
      Expression sequence,
      Optional<Expression> test,
      boolean recursive,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  record Set(int line, Target target, Expression value) implements Statement {}

  /** {@code {% set x | filter %}...{% endset %}}. */
  record SetBlock(int line, Target target, List<FilterCall> filters, List<Statement> body)
      implements Statement {}

  record FilterBlock(int line, List<FilterCall> filters, List<Statement> body)
      implements Statement {}

  record FilterCall(String name, List<Expression.Argument> arguments) {}

  record Macro(int line, String name, List<Parameter> parameters, List<Statement> body)
      implements Statement {}

  record Parameter(String name, Optional<Expression> byDefault) {}

  /** {@code {% call(parameters) callee() %}...{% endcall %}}: the body is the callee's caller. */
  record CallBlock(int line, Macro caller, Expression.Call call) implements Statement {}

  /** Statements with variables of their own. */
  record With(int line, List<Set> variables, List<Statement> body) implements Statement {}

  record Break(int line) implements Statement {}

  record Continue(int line) implements Statement {}

  /** Where a value goes. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    record NamespaceAttribute(String namespace, String attribute) implements Target {}

    record Unpacked(List<Target> parts) implements Target {}
  }
}
