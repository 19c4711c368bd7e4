package io.millrace.text.jinja;

import java.util.List;
import java.util.Optional;

/** Where a loop is. */
final class LoopState {
  private final List<Value> values;
  private final int depth;
  private final Optional<Value.Function.Body> again;
  private int index = -1;
  private Optional<Value> lastChecked = Optional.empty();

  /**
   * @param depth from 0
   * @param again runs the body of a recursive loop over other values
   */
  LoopState(List<Value> values, int depth, Optional<Value.Function.Body> again) {
    this.values = values;
    this.depth = depth;
    this.again = again;
  }

  boolean advance() {
    return ++index < values.size();
  }

  Value current() {
    return values.get(index);
  }

  int depth() {
    return depth;
  }

  Optional<Value.Function.Body> again() {
    return again;
  }

  /** An attribute; empty when loops have none of that name. */
  Optional<Value> attribute(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "index" -> new Value.Int(index + 1L);
          case "index0" -> new Value.Int(index);
          case "revindex" -> new Value.Int(values.size() - index);
          case "revindex0" -> new Value.Int(values.size() - index - 1L);
          case "first" -> Value.Bool.of(index == 0);
          case "last" -> Value.Bool.of(index == values.size() - 1);
          case "length" -> new Value.Int(values.size());
          case "depth" -> new Value.Int(depth + 1L);
          case "depth0" -> new Value.Int(depth);
          case "previtem" -> at(index - 1, "there is no previous item");
          case "nextitem" -> at(index + 1, "there is no next item");
          case "cycle" -> new Value.Function("cycle", this::cycle);
          case "changed" -> new Value.Function("changed", this::changed);
          default -> null;
        });
  }

  private Value at(int place, String otherwise) {
    return place >= 0 && place < values.size()
        ? values.get(place)
        : new Value.Undefined(otherwise + ": it");
  }

  private Value cycle(Arguments arguments) {
    List<Value> all = arguments.positional();
    if (all.isEmpty()) {
      throw new TemplateException("loop.cycle needs at least one value");
    }
    return all.get(index % all.size());
  }

  private Value changed(Arguments arguments) {
    Value now = new Value.Items(Value.Items.Kind.TUPLE, arguments.positional());
    boolean changed = lastChecked.map(before -> !Operators.equal(before, now)).orElse(true);
    lastChecked = Optional.of(now);
    return Value.Bool.of(changed);
  }
}
