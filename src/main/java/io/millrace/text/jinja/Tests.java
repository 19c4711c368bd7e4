package io.millrace.text.jinja;

import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Undefined;

/** Jinja's tests, what stands behind {@code is}. */
final class Tests {
  private final Operators operators;

  Tests(Operators operators) {
    this.operators = operators;
  }

  boolean apply(String name, Value value, Arguments arguments) {
    return switch (name) {
      case "defined" -> alone(arguments, name, !(value instanceof Undefined));
      case "undefined" -> alone(arguments, name, value instanceof Undefined);
      case "none" -> alone(arguments, name, value == Value.None.NONE);
      case "boolean" -> alone(arguments, name, value instanceof Bool);
      case "true" -> alone(arguments, name, value instanceof Bool bool && bool.value());
      case "false" -> alone(arguments, name, value instanceof Bool bool && !bool.value());
      case "integer" -> alone(arguments, name, value instanceof Int);
      case "float" -> alone(arguments, name, value instanceof Real);
      case "number" -> alone(arguments, name, Operators.isNumber(value));
      case "string" -> alone(arguments, name, Operators.isText(value));
      case "mapping" -> alone(arguments, name, value instanceof Mapping);
      case "iterable" -> alone(arguments, name, Sequences.isIterable(value));
      case "sequence" -> alone(arguments, name, isSequence(value));
      case "callable" ->
          alone(
              arguments,
              name,
              value instanceof Value.Function
                  || value instanceof Value.Loop
                  || value instanceof Undefined);
      case "lower" -> alone(arguments, name, Methods.isCased(Repr.str(value).text(), false));
      case "upper" -> alone(arguments, name, Methods.isCased(Repr.str(value).text(), true));
      case "odd" -> alone(arguments, name, isRest(value, 2, 1));
      case "even" -> alone(arguments, name, isRest(value, 2, 0));
      case "divisibleby" -> {
        Value divisor = arguments.bind(name, 1, "num").required(0);
        yield Operators.equal(operators.binary("%", value, divisor), new Int(0));
      }
      case "eq", "equalto", "==" -> Operators.equal(value, other(arguments, name));
      case "ne", "!=" -> !Operators.equal(value, other(arguments, name));
      case "gt", "greaterthan", ">" -> Operators.compare(value, other(arguments, name), ">") > 0;
      case "ge", ">=" -> Operators.compare(value, other(arguments, name), ">=") >= 0;
      case "lt", "lessthan", "<" -> Operators.compare(value, other(arguments, name), "<") < 0;
      case "le", "<=" -> Operators.compare(value, other(arguments, name), "<=") <= 0;
      case "in" -> operators.contains(arguments.bind(name, 1, "seq").required(0), value);
      case "sameas" -> isSame(value, other(arguments, name));
      default -> throw TemplateException.unsupported("the test '%s'".formatted(name));
    };
  }

  private static boolean alone(Arguments arguments, String name, boolean result) {
    arguments.bind(name, 0);
    return result;
  }

  private static Value other(Arguments arguments, String name) {
    return arguments.bind(name, 1, "other").required(0);
  }

  private boolean isRest(Value value, long divisor, long rest) {
    return Operators.equal(operators.binary("%", value, new Int(divisor)), new Int(rest));
  }

  private static boolean isSequence(Value value) {
    return switch (value) {
      case Items items -> items.isIndexed();
      case Mapping _, Value.Text _, Value.Safe _, Undefined _ -> true;
      default -> false;
    };
  }

  /** Identity, as far as Python promises it. */
  private static boolean isSame(Value one, Value other) {
    if (one instanceof Bool
        || one == Value.None.NONE
        || other instanceof Bool
        || other == Value.None.NONE) {
      return one.equals(other);
    }
    throw TemplateException.unsupported("sameas of other values than true, false and none");
  }
}
