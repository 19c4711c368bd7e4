package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Generator;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Operators with Python's rules. */
final class Operators {
  private static final int MAX_NESTING = 200;

  private final Budget budget;

  Operators(Budget budget) {
    this.budget = budget;
  }

  static boolean isTrue(Value value) {
    return switch (value) {
      case Undefined _, Value.None _ -> false;
      case Bool bool -> bool.value();
      case Int number -> number.value() != 0;
      case Real number -> number.value() != 0;
      case Text text -> !text.marked().spans().isEmpty();
      case Safe safe -> !safe.marked().spans().isEmpty();
      case Items items -> !items.values().isEmpty();
      case Mapping mapping -> !mapping.entries().isEmpty();
      case Generator _, Value.Namespace _, Value.Loop _, Value.Function _ -> true;
    };
  }

  static boolean equal(Value one, Value other) {
    return equal(one, other, 0);
  }

  private static boolean equal(Value one, Value other, int depth) {
    if (depth > MAX_NESTING) {
      throw new TemplateException("compares values nested deeper than " + MAX_NESTING);
    }
    if (isNumber(one) && isNumber(other)) {
      return isWhole(one) && isWhole(other) ? whole(one) == whole(other) : real(one) == real(other);
    }
    if (isText(one) && isText(other)) {
      return text(one).text().equals(text(other).text());
    }
    return switch (one) {
      case Undefined _ -> other instanceof Undefined;
      case Items items ->
          other instanceof Items others
              && items.kind() == others.kind()
              && equal(items.values(), others.values(), depth + 1);
      case Mapping mapping ->
          other instanceof Mapping others
              && mapping.entries().keySet().equals(others.entries().keySet())
              && mapping.entries().keySet().stream()
                  .allMatch(key ->
                      equal(
                          mapping.entries().get(key).value(),
                          others.entries().get(key).value(),
                          depth + 1));
      default -> one == other;
    };
  }

  private static boolean equal(List<Value> ones, List<Value> others, int depth) {
    if (ones.size() != others.size()) {
      return false;
    }
    for (int i = 0; i < ones.size(); i++) {
      if (!equal(ones.get(i), others.get(i), depth)) {
        return false;
      }
    }
    return true;
  }

  /** Python's order of two values; its sign is that of {@code one - other}. */
  static int compare(Value one, Value other, String operator) {
    if (isNumber(one) && isNumber(other)) {
      return isWhole(one) && isWhole(other)
          ? Long.compare(whole(one), whole(other))
          : Double.compare(real(one), real(other));
    }
    if (isText(one) && isText(other)) {
      return compareCodePoints(text(one).text(), text(other).text());
    }
    if (one instanceof Items(Items.Kind kind, List<Value> ones)
        && other instanceof Items(Items.Kind otherKind, List<Value> others)
        && kind == otherKind
        && (kind == Items.Kind.LIST || kind == Items.Kind.TUPLE)) {
      for (int i = 0; i < Math.min(ones.size(), others.size()); i++) {
        if (!equal(ones.get(i), others.get(i))) {
          return compare(ones.get(i), others.get(i), operator);
        }
      }
      return Integer.compare(ones.size(), others.size());
    }
    throw mismatch(operator, one, other);
  }

  private static int compareCodePoints(String one, String other) {
    return java.util.Arrays.compare(one.codePoints().toArray(), other.codePoints().toArray());
  }

  boolean contains(Value container, Value element) {
    return switch (container) {
      case Undefined _ -> false;
      case Text text -> {
        if (!isText(element)) {
          throw new TemplateException(
              "'in <string>' requires string as left operand, not " + element.typeName());
        }
        budget.steps(text.text().length() / 16);
        yield text.text().contains(text(element).text());
      }
      case Mapping mapping -> mapping.get(element).isPresent();
      case Items items -> {
        budget.steps(items.values().size());
        yield items.values().stream().anyMatch(value -> equal(value, element));
      }
      case Generator generator -> {
        boolean found = false;
        while (!found && generator.values().hasNext()) {
          found = equal(generator.values().next(), element);
        }
        yield found;
      }
      default ->
          throw new TemplateException(
              "argument of type '%s' is not iterable".formatted(container.typeName()));
    };
  }

  Value binary(String operator, Value left, Value right) {
    if (operator.equals("~")) {
      return concat(Repr.str(left), Repr.str(right));
    }
    if (left instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (right instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (left instanceof Safe || right instanceof Safe) {
      throw TemplateException.unsupported(
          "'%s' with a value of the filter safe".formatted(operator));
    }
    if (isNumber(left) && isNumber(right)) {
      return Arithmetic.binary(operator, left, right);
    }
    if (operator.equals("%") && left instanceof Text) {
      throw TemplateException.unsupported("formatting a string with %");
    }
    return switch (operator) {
      case "+" -> add(left, right);
      case "*" -> isNumber(left) ? repeat(right, left) : repeat(left, right);
      default -> throw mismatch(operator, left, right);
    };
  }

  private Value add(Value left, Value right) {
    if (left instanceof Text one && right instanceof Text other) {
      return concat(one.marked(), other.marked());
    }
    if (left instanceof Items(Items.Kind kind, List<Value> ones)
        && right instanceof Items(Items.Kind otherKind, List<Value> others)
        && kind == otherKind
        && (kind == Items.Kind.LIST || kind == Items.Kind.TUPLE)) {
      budget.steps(ones.size() + others.size());
      List<Value> all = new ArrayList<>(ones);
      all.addAll(others);
      return new Items(kind, List.copyOf(all));
    }
    if (left instanceof Text) {
      throw new TemplateException(
          "can only concatenate str (not \"%s\") to str".formatted(right.typeName()));
    }
    throw mismatch("+", left, right);
  }

  private Value repeat(Value value, Value times) {
    if (!isWhole(times)) {
      throw mismatch("*", value, times);
    }
    long count = Math.max(0, whole(times));
    return switch (value) {
      case Text text -> {
        long length = text.text().length();
        budget.chars(length == 0 ? 0 : Math.min(count, Integer.MAX_VALUE) * length);
        List<MarkedText.Span> spans = new ArrayList<>();
        int copies = length == 0 ? 0 : (int) count;
        if (text.marked().spans().size() == 1) {
          MarkedText.Span only = text.marked().spans().getFirst();
          spans.add(new MarkedText.Span(only.text().repeat(copies), only.verbatim()));
        } else {
          Collections.nCopies(copies, text.marked().spans()).forEach(spans::addAll);
        }
        yield new Text(new MarkedText(spans));
      }
      case Items items when items.kind() == Items.Kind.LIST || items.kind() == Items.Kind.TUPLE -> {
        int size = items.values().size();
        budget.steps(size == 0 ? 0 : Math.min(count, Integer.MAX_VALUE) * size);
        List<Value> all = new ArrayList<>();
        Collections.nCopies(size == 0 ? 0 : (int) count, items.values()).forEach(all::addAll);
        yield new Items(items.kind(), List.copyOf(all));
      }
      default -> throw mismatch("*", value, times);
    };
  }

  Text concat(MarkedText one, MarkedText other) {
    budget.chars(length(one) + length(other));
    return new Text(one.concat(other));
  }

  private static long length(MarkedText text) {
    return text.spans().stream().mapToLong(span -> span.text().length()).sum();
  }

  static Value unary(String operator, Value value) {
    return switch (operator) {
      case "not" -> Bool.of(!isTrue(value));
      case "-" -> Arithmetic.negate(value);
      default -> Arithmetic.binary("+", new Int(0), requireNumber(value, "unary +"));
    };
  }

  static boolean isNumber(Value value) {
    return value instanceof Int || value instanceof Real || value instanceof Bool;
  }

  /** Whether it is an int; a bool is one. */
  static boolean isWhole(Value value) {
    return value instanceof Int || value instanceof Bool;
  }

  static boolean isText(Value value) {
    return value instanceof Text || value instanceof Safe;
  }

  static MarkedText text(Value value) {
    return switch (value) {
      case Text text -> text.marked();
      case Safe safe -> safe.marked();
      default -> throw new TemplateException("expected a string, not " + value.typeName());
    };
  }

  static long whole(Value value) {
    return switch (value) {
      case Int number -> number.value();
      case Bool bool -> bool.value() ? 1 : 0;
      case Undefined undefined -> throw undefined.error();
      default ->
          throw new TemplateException(
              "'%s' object cannot be interpreted as an integer".formatted(value.typeName()));
    };
  }

  static double real(Value value) {
    return value instanceof Real number ? number.value() : whole(value);
  }

  /** An integer that counts something here; beyond 32 bits it means as much as the largest. */
  static int toIndex(Value value) {
    return Math.clamp(whole(value), Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  static Value requireNumber(Value value, String what) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!isNumber(value)) {
      throw new TemplateException(
          "bad operand type for %s: '%s'".formatted(what, value.typeName()));
    }
    return value;
  }

  static TemplateException mismatch(String operator, Value left, Value right) {
    if (left instanceof Undefined undefined) {
      return undefined.error();
    }
    if (right instanceof Undefined undefined) {
      return undefined.error();
    }
    return new TemplateException(
        "unsupported operand types for %s: '%s' and '%s'"
            .formatted(operator, left.typeName(), right.typeName()));
  }
}
