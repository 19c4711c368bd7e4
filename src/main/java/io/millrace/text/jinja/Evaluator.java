package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Expression.Argument;
import io.millrace.text.jinja.Expression.Compared;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Evaluates expressions. */
final class Evaluator {
  /** Names that Jinja defines inside macros and templates. */
  private static final Set<String> UNSUPPORTED_NAMES = Set.of("varargs", "kwargs", "self", "super");

  private final Budget budget;
  private final Operators operators;
  private final Methods methods;
  private final Lookup lookup;
  private final Tests tests;
  private final Filters filters;
  private final Sequences sequences;

  Evaluator(Budget budget) {
    this.budget = budget;
    this.operators = new Operators(budget);
    this.methods = new Methods(budget);
    this.lookup = new Lookup(methods);
    this.tests = new Tests(operators);
    this.filters = new Filters(budget, methods, lookup, tests);
    this.sequences = new Sequences(budget);
  }

  Sequences sequences() {
    return sequences;
  }

  Value evaluate(Expression expression, Scope scope) {
    budget.enter();
    Value value =
        switch (expression) {
          case Expression.Constant(Value constant) -> constant;
          case Expression.Name(String name) -> variable(name, scope);
          case Expression.ListOf(List<Expression> elements) ->
              Items.list(evaluate(elements, scope));
          case Expression.TupleOf(List<Expression> elements) ->
              new Items(Items.Kind.TUPLE, evaluate(elements, scope));
          case Expression.DictOf dict -> dict(dict, scope);
          case Expression.Unary(String operator, Expression operand) ->
              Operators.unary(operator, evaluate(operand, scope));
          case Expression.Binary(String operator, Expression left, Expression right) ->
              operators.binary(operator, evaluate(left, scope), evaluate(right, scope));
          case Expression.Logical(boolean and, Expression left, Expression right) -> {
            Value first = evaluate(left, scope);
            yield Operators.isTrue(first) == and ? evaluate(right, scope) : first;
          }
          case Expression.Comparison comparison -> comparison(comparison, scope);
          case Expression.Conditional conditional -> conditional(conditional, scope);
          case Expression.Attribute(Expression object, String name) ->
              lookup.attribute(evaluate(object, scope), name);
          case Expression.Item(Expression object, Expression key) ->
              lookup.item(evaluate(object, scope), evaluate(key, scope));
          case Expression.Slice slice -> slice(slice, scope);
          case Expression.Call call -> call(call, scope, Optional.empty());
          case Expression.Filter(Expression operand, String name, List<Argument> arguments) ->
              filter(name, evaluate(operand, scope), arguments, scope);
          case Expression.Test(Expression operand, String name, List<Argument> arguments) ->
              Bool.of(tests.apply(name, evaluate(operand, scope), arguments(arguments, scope)));
        };
    budget.leave();
    return value;
  }

  Value filter(String name, Value value, List<Argument> arguments, Scope scope) {
    return filters.apply(name, value, arguments(arguments, scope));
  }

  /**
   * Calls a function.
   *
   * @param caller the body of a call block
   */
  Value call(Expression.Call call, Scope scope, Optional<Value> caller) {
    Value callee = evaluate(call.callee(), scope);
    Arguments arguments = arguments(call.arguments(), scope);
    if (caller.isPresent()) {
      Map<String, Value> named = new LinkedHashMap<>(arguments.named());
      named.put("caller", caller.get());
      arguments = new Arguments(arguments.positional(), named);
    }
    return switch (callee) {
      case Value.Function function -> function.body().call(arguments);
      case Value.Loop loop ->
          loop.state()
              .again()
              .orElseThrow(() ->
                  new TemplateException("The loop must have the 'recursive' marker to be called"))
              .call(arguments);
      case Undefined undefined -> throw undefined.error();
      default ->
          throw new TemplateException("'%s' object is not callable".formatted(callee.typeName()));
    };
  }

  private static Value variable(String name, Scope scope) {
    return scope
        .get(name)
        .orElseGet(() -> {
          if (UNSUPPORTED_NAMES.contains(name)) {
            throw TemplateException.unsupported("the variable '%s'".formatted(name));
          }
          return new Undefined("'%s'".formatted(name));
        });
  }

  private List<Value> evaluate(List<Expression> elements, Scope scope) {
    List<Value> values = new ArrayList<>(elements.size());
    for (Expression element : elements) {
      values.add(evaluate(element, scope));
    }
    return List.copyOf(values);
  }

  private Value dict(Expression.DictOf dict, Scope scope) {
    List<Mapping.Entry> entries = new ArrayList<>();
    for (Expression.Pair pair : dict.pairs()) {
      Value key = evaluate(pair.key(), scope);
      entries.add(new Mapping.Entry(key, evaluate(pair.value(), scope)));
    }
    return Mapping.of(entries);
  }

  private Value comparison(Expression.Comparison comparison, Scope scope) {
    Value left = evaluate(comparison.first(), scope);
    for (Compared compared : comparison.rest()) {
      Value right = evaluate(compared.operand(), scope);
      if (!compare(compared.operator(), left, right)) {
        return Bool.FALSE;
      }
      left = right;
    }
    return Bool.TRUE;
  }

  private boolean compare(String operator, Value left, Value right) {
    return switch (operator) {
      case "==" -> Operators.equal(left, right);
      case "!=" -> !Operators.equal(left, right);
      case "in" -> operators.contains(right, left);
      case "not in" -> !operators.contains(right, left);
      case "<" -> Operators.compare(left, right, operator) < 0;
      case "<=" -> Operators.compare(left, right, operator) <= 0;
      case ">" -> Operators.compare(left, right, operator) > 0;
      default -> Operators.compare(left, right, operator) >= 0;
    };
  }

  private Value conditional(Expression.Conditional conditional, Scope scope) {
    if (Operators.isTrue(evaluate(conditional.test(), scope))) {
      return evaluate(conditional.then(), scope);
    }
    return conditional.otherwise().isPresent()
        ? evaluate(conditional.otherwise().get(), scope)
        : new Undefined("the inline if-expression evaluated to false and no else was given: it");
  }

  private Value slice(Expression.Slice slice, Scope scope) {
    return sequences.slice(
        evaluate(slice.object(), scope),
        slice.from().map(bound -> evaluate(bound, scope)),
        slice.to().map(bound -> evaluate(bound, scope)),
        slice.step().map(step -> evaluate(step, scope)));
  }

  private Arguments arguments(List<Argument> arguments, Scope scope) {
    if (arguments.isEmpty()) {
      return Arguments.NONE;
    }
    List<Value> positional = new ArrayList<>();
    Map<String, Value> named = new LinkedHashMap<>();
    for (Argument argument : arguments) {
      Value value = evaluate(argument.value(), scope);
      switch (argument) {
        case Argument.Positional _ -> positional.add(value);
        case Argument.Unpacked _ -> positional.addAll(sequences.iterate(value));
        case Argument.Named(String name, _) -> put(named, name, value);
        case Argument.UnpackedNames _ -> unpack(value, named);
      }
    }
    return new Arguments(List.copyOf(positional), named);
  }

  private static void unpack(Value value, Map<String, Value> named) {
    if (!(value instanceof Value.Mapping mapping)) {
      throw new TemplateException(
          "argument after ** must be a mapping, not %s".formatted(value.typeName()));
    }
    for (Value key : mapping.keys()) {
      if (!(key instanceof Value.Text name)) {
        throw new TemplateException("keywords must be strings, not " + key.typeName());
      }
      put(named, name.text(), mapping.get(key).orElseThrow());
    }
  }

  private static void put(Map<String, Value> named, String name, Value value) {
    if (named.put(name, value) != null) {
      throw new TemplateException("keyword argument repeated: " + name);
    }
  }

  /** A printed value. */
  static MarkedText print(Value value) {
    return Repr.str(value);
  }
}
