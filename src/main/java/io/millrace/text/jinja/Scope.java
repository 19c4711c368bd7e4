package io.millrace.text.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The variables that a part of a template sees: its own, then those around it. */
final class Scope {
  private final Optional<Scope> around;
  private final Map<String, Value> variables = new HashMap<>();

  private Scope(Optional<Scope> around) {
    this.around = around;
  }

  static Scope outermost(Map<String, Value> variables) {
    Scope scope = new Scope(Optional.empty());
    scope.variables.putAll(variables);
    return scope;
  }

  Scope inner() {
    return new Scope(Optional.of(this));
  }

  Optional<Value> get(String name) {
    Value value = variables.get(name);
    return value == null ? around.flatMap(scope -> scope.get(name)) : Optional.of(value);
  }

  void set(String name, Value value) {
    variables.put(name, value);
  }
}
