package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Arguments.Bound;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Jinja's filters of several values. */
final class SequenceFilters {
  private final Budget budget;
  private final Methods methods;
  private final Lookup lookup;
  private final Tests tests;
  private final Filters filters;
  private final Sequences sequences;

  SequenceFilters(Budget budget, Methods methods, Lookup lookup, Tests tests, Filters filters) {
    this.budget = budget;
    this.methods = methods;
    this.lookup = lookup;
    this.tests = tests;
    this.filters = filters;
    this.sequences = new Sequences(budget);
  }

  Value apply(String name, Value value, Arguments arguments) {
    return switch (name) {
      case "attr" ->
          methods
              .attribute(value, Operators.text(arguments.bind(name, 1, "name").required(0)).text())
              .orElseGet(() -> new Undefined("an attribute"));
      case "batch" -> batch(value, arguments);
      case "dictsort" -> dictsort(value, arguments);
      case "first" -> {
        arguments.bind(name, 0);
        yield firstOf(value);
      }
      case "items" -> {
        arguments.bind(name, 0);
        yield Filters.generator(
            value instanceof Undefined
                ? List.<Value>of().iterator()
                : Filters.requireDict(value, name).items().iterator());
      }
      case "join" -> join(value, arguments);
      case "last" -> {
        arguments.bind(name, 0);
        yield lastOf(value);
      }
      case "list" -> {
        arguments.bind(name, 0);
        yield Items.list(List.copyOf(sequences.iterate(value)));
      }
      case "map" -> map(value, arguments);
      case "max" -> extreme(value, arguments, name, 1);
      case "min" -> extreme(value, arguments, name, -1);
      case "reject" -> select(value, arguments, false);
      case "rejectattr" -> selectattr(value, arguments, false);
      case "reverse" -> reverse(value, arguments);
      case "select" -> select(value, arguments, true);
      case "selectattr" -> selectattr(value, arguments, true);
      case "sort" -> sort(value, arguments);
      case "sum" -> sum(value, arguments);
      case "unique" -> unique(value, arguments);
      default -> throw Filters.unknown(name);
    };
  }

  private Value firstOf(Value value) {
    if (value instanceof Value.Generator generator) {
      return generator.values().hasNext()
          ? generator.values().next()
          : new Undefined("the first item of an empty sequence");
    }
    List<Value> values = sequences.iterate(value);
    return values.isEmpty()
        ? new Undefined("the first item of an empty sequence")
        : values.getFirst();
  }

  private Value lastOf(Value value) {
    if (value instanceof Value.Generator) {
      throw new TemplateException("'generator' object is not reversible");
    }
    List<Value> values = sequences.iterate(value);
    return values.isEmpty()
        ? new Undefined("the last item of an empty sequence")
        : values.getLast();
  }

  private Value batch(Value value, Arguments arguments) {
    Bound bound = arguments.bind("batch", 1, "linecount", "fill_with");
    int size = Operators.toIndex(bound.required(0));
    if (size < 1) {
      throw TemplateException.unsupported("batches of less than 1");
    }
    List<Value> batches = new ArrayList<>();
    List<Value> all = sequences.iterate(value);
    for (int from = 0; from < all.size(); from += size) {
      List<Value> batch = new ArrayList<>(all.subList(from, Math.min(all.size(), from + size)));
      Optional<Value> fill = bound.unlessNone(1);
      while (fill.isPresent() && batch.size() < size) {
        budget.step();
        batch.add(fill.get());
      }
      batches.add(Items.list(List.copyOf(batch)));
    }
    return Filters.generator(batches.iterator());
  }

  private Value dictsort(Value value, Arguments arguments) {
    Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    String by = bound.get(1).map(given -> Operators.text(given).text()).orElse("key");
    if (!by.equals("key") && !by.equals("value")) {
      throw new TemplateException("dictsort: by must be key or value");
    }
    int column = by.equals("key") ? 0 : 1;
    boolean sensitive = bound.flag(0, false);
    return Items.list(
        sorted(
            Filters.requireDict(value, "dictsort").items(),
            pair -> folded(((Items) pair).values().get(column), sensitive),
            bound.flag(2, false)));
  }

  private Value join(Value value, Arguments arguments) {
    Bound bound = arguments.bind("join", 0, "d", "attribute");
    UnaryOperator<Value> attribute = attribute(bound.unlessNone(1), Optional.empty());
    List<MarkedText> parts =
        sequences.iterate(value).stream().map(attribute).map(Repr::str).toList();
    return methods.joined(bound.get(0).map(Repr::str).orElse(MarkedText.EMPTY), parts);
  }

  private Value map(Value value, Arguments arguments) {
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      Bound bound = arguments.bind("map", 0, "-", "attribute", "default");
      return lazily(value, attribute(bound.get(1), bound.get(2)));
    }
    if (arguments.positional().isEmpty()) {
      throw new TemplateException("map requires a filter argument");
    }
    String filter = Operators.text(arguments.positional().getFirst()).text();
    Arguments rest = rest(arguments, 1);
    return lazily(value, element -> filters.apply(filter, element, rest));
  }

  private Value lazily(Value value, UnaryOperator<Value> change) {
    return Filters.generator(sequences.iterate(value).stream().map(change).iterator());
  }

  private Value select(Value value, Arguments arguments, boolean keep) {
    return filtered(value, UnaryOperator.identity(), test(arguments, 0), keep);
  }

  private Value selectattr(Value value, Arguments arguments, boolean keep) {
    if (arguments.positional().isEmpty()) {
      throw new TemplateException("Missing parameter for attribute name");
    }
    return filtered(
        value,
        attribute(Optional.of(arguments.positional().getFirst()), Optional.empty()),
        test(arguments, 1),
        keep);
  }

  private Value filtered(
      Value value, UnaryOperator<Value> attribute, Predicate<Value> test, boolean keep) {
    Iterator<Value> kept =
        sequences.iterate(value).stream()
            .filter(element -> test.test(attribute.apply(element)) == keep)
            .iterator();
    return Filters.generator(kept);
  }

  /** The test that the argument after {@code skipped} others names; without one, truth. */
  private Predicate<Value> test(Arguments arguments, int skipped) {
    if (arguments.positional().size() <= skipped) {
      return Operators::isTrue;
    }
    String name = Operators.text(arguments.positional().get(skipped)).text();
    Arguments rest = rest(arguments, skipped + 1);
    return value -> tests.apply(name, value, rest);
  }

  private static Arguments rest(Arguments arguments, int from) {
    List<Value> positional = arguments.positional();
    return new Arguments(positional.subList(from, positional.size()), arguments.named());
  }

  /** A path like {@code function.name}; the value itself when there is none. */
  private UnaryOperator<Value> attribute(Optional<Value> path, Optional<Value> byDefault) {
    if (path.isEmpty()) {
      return UnaryOperator.identity();
    }
    List<Value> steps = new ArrayList<>();
    if (Operators.isText(path.get())) {
      for (String step : Operators.text(path.get()).text().split("\\.", -1)) {
        boolean isNumber =
            !step.isEmpty() && step.length() < 10 && step.chars().allMatch(Character::isDigit);
        steps.add(isNumber ? new Int(Long.parseLong(step)) : Text.of(step));
      }
    } else {
      steps.add(path.get());
    }
    return value -> {
      Value found = value;
      for (Value step : steps) {
        found = lookup.item(found, step);
        if (found instanceof Undefined && byDefault.isPresent()) {
          found = byDefault.get();
        }
      }
      return found;
    };
  }

  private Value reverse(Value value, Arguments arguments) {
    arguments.bind("reverse", 0);
    if (value instanceof Text text) {
      return new Text(Texts.join(MarkedText.EMPTY, Texts.characters(text.marked()).reversed()));
    }
    if (value instanceof Safe) {
      throw TemplateException.unsupported("reversing a value of the filter safe");
    }
    return Filters.generator(sequences.iterate(value).reversed().iterator());
  }

  private Value sort(Value value, Arguments arguments) {
    Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    if (bound
        .unlessNone(2)
        .map(a -> Operators.isText(a) && Operators.text(a).text().contains(","))
        .orElse(false)) {
      throw TemplateException.unsupported("sorting by several attributes");
    }
    UnaryOperator<Value> attribute = attribute(bound.unlessNone(2), Optional.empty());
    boolean sensitive = bound.flag(1, false);
    return Items.list(
        sorted(
            sequences.iterate(value),
            element -> folded(attribute.apply(element), sensitive),
            bound.flag(0, false)));
  }

  private List<Value> sorted(List<Value> values, UnaryOperator<Value> key, boolean descending) {
    budget.steps(values.size() * 16L);
    record Keyed(Value key, Value value) {}
    Comparator<Keyed> order = (one, other) -> Operators.compare(one.key(), other.key(), "<");
    // Python keeps equal ones in their order also when it sorts downwards.
    return values.stream()
        .map(value -> new Keyed(key.apply(value), value))
        .sorted(descending ? order.reversed() : order)
        .map(Keyed::value)
        .toList();
  }

  private static Value folded(Value value, boolean caseSensitive) {
    return !caseSensitive && value instanceof Text text
        ? new Text(Texts.map(text.marked(), Texts::lower))
        : value;
  }

  private Value extreme(Value value, Arguments arguments, String name, int sign) {
    Bound bound = arguments.bind(name, 0, "case_sensitive", "attribute");
    UnaryOperator<Value> attribute = attribute(bound.unlessNone(1), Optional.empty());
    boolean sensitive = bound.flag(0, false);
    List<Value> values = sequences.iterate(value);
    if (values.isEmpty()) {
      return new Undefined("the %s of an empty sequence".formatted(name));
    }
    Value best = values.getFirst();
    for (Value next : values.subList(1, values.size())) {
      Value key = folded(attribute.apply(next), sensitive);
      if (sign * Operators.compare(key, folded(attribute.apply(best), sensitive), "<") > 0) {
        best = next;
      }
    }
    return best;
  }

  private Value sum(Value value, Arguments arguments) {
    Bound bound = arguments.bind("sum", 0, "attribute", "start");
    UnaryOperator<Value> attribute = attribute(bound.unlessNone(0), Optional.empty());
    Operators operators = new Operators(budget);
    Value total = bound.get(1).orElse(new Int(0));
    if (Operators.isText(total)) {
      throw new TemplateException("sum() can't sum strings");
    }
    for (Value element : sequences.iterate(value)) {
      total = operators.binary("+", total, attribute.apply(element));
    }
    return total;
  }

  private Value unique(Value value, Arguments arguments) {
    Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
    UnaryOperator<Value> attribute = attribute(bound.unlessNone(1), Optional.empty());
    boolean sensitive = bound.flag(0, false);
    Set<Object> seen = new HashSet<>();
    List<Value> unique = new ArrayList<>();
    for (Value element : sequences.iterate(value)) {
      Value key = folded(attribute.apply(element), sensitive);
      Map<Object, Mapping.Entry> id = Mapping.of(List.of(new Mapping.Entry(key, key))).entries();
      if (seen.add(new LinkedHashMap<>(id).keySet().iterator().next())) {
        unique.add(element);
      }
    }
    return Filters.generator(unique.iterator());
  }
}
