package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Value.Generator;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Going through values, counting them, and taking some out. */
final class Sequences {
  private final Budget budget;

  Sequences(Budget budget) {
    this.budget = budget;
  }

  /** The values that {@code for} goes through; uses a generator up. */
  List<Value> iterate(Value value) {
    List<Value> values =
        switch (value) {
          case Undefined _ -> List.of();
          case Items items -> items.values();
          case Mapping mapping -> mapping.keys();
          case Text text -> characters(text.marked());
          case Safe safe -> characters(safe.marked());
          case Generator generator -> {
            List<Value> all = new ArrayList<>();
            while (generator.values().hasNext()) {
              budget.step();
              all.add(generator.values().next());
            }
            yield all;
          }
          default ->
              throw new TemplateException(
                  "'%s' object is not iterable".formatted(value.typeName()));
        };
    budget.steps(values.size());
    return values;
  }

  static boolean isIterable(Value value) {
    return switch (value) {
      case Undefined _, Items _, Mapping _, Text _, Safe _, Generator _, Value.Loop _ -> true;
      default -> false;
    };
  }

  static Value length(Value value) {
    return new Int(
        switch (value) {
          case Undefined _ -> 0;
          case Items items -> items.values().size();
          case Mapping mapping -> mapping.entries().size();
          case Text text -> Texts.length(text.marked());
          case Safe safe -> Texts.length(safe.marked());
          default ->
              throw new TemplateException(
                  "object of type '%s' has no len()".formatted(value.typeName()));
        });
  }

  /** An element by its number, from the end when it is negative; empty when there is none. */
  static Optional<Value> at(Value value, long index) {
    return switch (value) {
      case Items items when items.isIndexed() -> {
        int size = items.values().size();
        long place = index < 0 ? index + size : index;
        yield place >= 0 && place < size
            ? Optional.of(items.values().get((int) place))
            : Optional.empty();
      }
      case Text text -> {
        String plain = text.text();
        int size = plain.codePointCount(0, plain.length());
        long place = index < 0 ? index + size : index;
        if (place < 0 || place >= size) {
          yield Optional.empty();
        }
        int from = plain.offsetByCodePoints(0, (int) place);
        yield Optional.of(
            new Text(text.marked().substring(from, plain.offsetByCodePoints(from, 1))));
      }
      default -> Optional.empty();
    };
  }

  /** Python's {@code value[from:to:step]}. */
  Value slice(Value value, Optional<Value> from, Optional<Value> to, Optional<Value> step) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    int by = step.filter(given -> given != Value.None.NONE).map(Operators::toIndex).orElse(1);
    if (by == 0) {
      throw new TemplateException("slice step cannot be zero");
    }
    return switch (value) {
      case Items(Items.Kind kind, List<Value> values)
          when kind == Items.Kind.LIST || kind == Items.Kind.TUPLE || kind == Items.Kind.RANGE ->
          new Items(kind, pick(values, from, to, by));
      case Text text -> {
        String plain = text.text();
        boolean isPlain = by == 1 && plain.length() == plain.codePointCount(0, plain.length());
        if (isPlain) {
          int start = bound(from, 0, plain.length(), 1);
          int end = bound(to, plain.length(), plain.length(), 1);
          yield new Text(text.marked().substring(start, Math.max(start, end)));
        }
        List<MarkedText> picked = pick(Texts.characters(text.marked()), from, to, by);
        yield new Text(Texts.join(MarkedText.EMPTY, picked));
      }
      default ->
          throw new TemplateException("'%s' object cannot be sliced".formatted(value.typeName()));
    };
  }

  private <T> List<T> pick(List<T> values, Optional<Value> from, Optional<Value> to, int by) {
    int size = values.size();
    budget.steps(size);
    int start = bound(from, by > 0 ? 0 : size - 1, size, by);
    int end = bound(to, by > 0 ? size : -1, size, by);
    List<T> picked = new ArrayList<>();
    for (long i = start; by > 0 ? i < end : i > end; i += by) {
      picked.add(values.get((int) i));
    }
    return List.copyOf(picked);
  }

  private static int bound(Optional<Value> given, int byDefault, int size, int by) {
    if (given.isEmpty() || given.get() == Value.None.NONE) {
      return byDefault;
    }
    long place = Operators.whole(given.get());
    long fromStart = place < 0 ? place + size : place;
    return by > 0 ? Math.clamp(fromStart, 0, size) : Math.clamp(fromStart, -1, size - 1);
  }

  static List<Value> characters(MarkedText text) {
    return Texts.characters(text).stream().map(c -> (Value) new Text(c)).toList();
  }
}
