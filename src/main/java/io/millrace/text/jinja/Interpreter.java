package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Statement.FilterCall;
import io.millrace.text.jinja.Statement.Parameter;
import io.millrace.text.jinja.Statement.Target;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Executes statements. */
final class Interpreter {
  private final Budget budget;
  private final Evaluator evaluator;

  private Interpreter(Budget budget) {
    this.budget = budget;
    this.evaluator = new Evaluator(budget);
  }

  /** How a body ended. */
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  static MarkedText render(List<Statement> template, Map<String, Value> variables, Budget budget) {
    Interpreter interpreter = new Interpreter(budget);
    Output output = new Output(budget);
    interpreter.execute(template, Scope.outermost(variables).inner(), output);
    return output.text();
  }

  private Flow execute(List<Statement> statements, Scope scope, Output output) {
    budget.enter();
    for (Statement statement : statements) {
      Flow flow;
      try {
        flow = execute(statement, scope, output);
      } catch (TemplateException e) {
        throw e.at(statement.line());
      }
      if (flow != Flow.NEXT) {
        budget.leave();
        return flow;
      }
    }
    budget.leave();
    return Flow.NEXT;
  }

  private Flow execute(Statement statement, Scope scope, Output output) {
    budget.step();
    switch (statement) {
      case Statement.Data data -> output.write(data.text());
      case Statement.Output written ->
          output.write(Evaluator.print(evaluator.evaluate(written.value(), scope)));
      case Statement.If branches -> {
        return execute(branches, scope, output);
      }
      case Statement.For loop ->
          execute(loop, evaluator.evaluate(loop.sequence(), scope), 0, scope, output);
      case Statement.Set set -> assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
      case Statement.SetBlock set ->
          assign(set.target(), block(set.body(), set.filters(), scope), scope);
      case Statement.FilterBlock block ->
          output.write(Evaluator.print(block(block.body(), block.filters(), scope)));
      case Statement.Macro macro -> scope.set(macro.name(), function(macro, scope));
      case Statement.CallBlock block -> {
        Value caller = function(block.caller(), scope);
        output.write(Evaluator.print(evaluator.call(block.call(), scope, Optional.of(caller))));
      }
      case Statement.With with -> {
        Scope inner = scope.inner();
        with.variables()
            .forEach(set -> assign(set.target(), evaluator.evaluate(set.value(), scope), inner));
        return execute(with.body(), inner, output);
      }
      case Statement.Break _ -> {
        return Flow.BREAK;
      }
      case Statement.Continue _ -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.NEXT;
  }

  private Flow execute(Statement.If branches, Scope scope, Output output) {
    for (Statement.Branch branch : branches.branches()) {
      if (Operators.isTrue(evaluator.evaluate(branch.test(), scope))) {
        return execute(branch.body(), scope, output);
      }
    }
    return execute(branches.otherwise(), scope, output);
  }

  private void execute(Statement.For loop, Value sequence, int depth, Scope scope, Output output) {
    List<Value> values = new ArrayList<>();
    for (Value value : evaluator.sequences().iterate(sequence)) {
      if (passes(loop, value, scope)) {
        values.add(value);
      }
    }
    if (values.isEmpty()) {
      execute(loop.otherwise(), scope.inner(), output);
      return;
    }
    Optional<Value.Function.Body> again =
        loop.recursive()
            ? Optional.of(arguments -> again(loop, arguments, depth + 1, scope))
            : Optional.empty();
    LoopState state = new LoopState(values, depth, again);
    Value variable = new Value.Loop(state);
    Flow flow = Flow.NEXT;
    while (flow != Flow.BREAK && state.advance()) {
      Scope iteration = scope.inner();
      iteration.set("loop", variable);
      assign(loop.target(), state.current(), iteration);
      flow = execute(loop.body(), iteration, output);
    }
  }

  private boolean passes(Statement.For loop, Value value, Scope scope) {
    if (loop.test().isEmpty()) {
      return true;
    }
    Scope test = scope.inner();
    assign(loop.target(), value, test);
    return Operators.isTrue(evaluator.evaluate(loop.test().get(), test));
  }

  /** A recursive loop, called from its own body. */
  private Value again(Statement.For loop, Arguments arguments, int depth, Scope scope) {
    Output output = new Output(budget);
    execute(loop, arguments.bind("loop", 1, "iterable").required(0), depth, scope, output);
    return new Text(output.text());
  }

  /** What a body writes, after filters. */
  private Value block(List<Statement> body, List<FilterCall> filters, Scope scope) {
    Output output = new Output(budget);
    execute(body, scope.inner(), output);
    Value value = new Text(output.text());
    for (FilterCall filter : filters) {
      value = evaluator.filter(filter.name(), value, filter.arguments(), scope);
    }
    return value;
  }

  private Value function(Statement.Macro macro, Scope scope) {
    return new Value.Function(macro.name(), arguments -> call(macro, arguments, scope));
  }

  private Value call(Statement.Macro macro, Arguments arguments, Scope around) {
    Scope scope = around.inner();
    Map<String, Value> named = new java.util.HashMap<>(arguments.named());
    boolean ownsCaller =
        macro.parameters().stream().anyMatch(parameter -> parameter.name().equals("caller"));
    Value caller = ownsCaller ? null : named.remove("caller");
    scope.set("caller", caller == null ? new Undefined("No caller defined: it") : caller);
    String[] names = macro.parameters().stream().map(Parameter::name).toArray(String[]::new);
    Arguments.Bound bound =
        new Arguments(arguments.positional(), named)
            .bind("macro '%s'".formatted(macro.name()), 0, names);
    for (int i = 0; i < names.length; i++) {
      Parameter parameter = macro.parameters().get(i);
      Optional<Value> given = bound.get(i);
      Value value =
          given.isPresent()
              ? given.get()
              : parameter.byDefault().isPresent()
                  ? evaluator.evaluate(parameter.byDefault().get(), scope)
                  : new Undefined("parameter '%s' was not provided: it".formatted(names[i]));
      scope.set(names[i], value);
    }
    Output output = new Output(budget);
    execute(macro.body(), scope, output);
    return new Text(output.text());
  }

  private void assign(Target target, Value value, Scope scope) {
    switch (target) {
      case Target.Variable(String name) -> scope.set(name, value);
      case Target.NamespaceAttribute(String name, String attribute) -> {
        if (!(scope.get(name).orElse(Value.None.NONE) instanceof Value.Namespace namespace)) {
          throw new TemplateException("cannot assign attribute on non-namespace object " + name);
        }
        namespace.attributes().put(attribute, value);
      }
      case Target.Unpacked(List<Target> parts) -> {
        List<Value> values = evaluator.sequences().iterate(value);
        if (values.size() != parts.size()) {
          throw new TemplateException(
              "%d values to unpack, expected %d".formatted(values.size(), parts.size()));
        }
        for (int i = 0; i < parts.size(); i++) {
          assign(parts.get(i), values.get(i), scope);
        }
      }
    }
  }
}
