package io.millrace.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a function, filter or test is called with. */
record Arguments(List<Value> positional, Map<String, Value> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /**
   * Gives the arguments to parameters.
   *
   * @param callee for error messages
   * @param required how many of the parameters must be given
   * @throws TemplateException when there are too many, too few or unknown ones
   */
  Bound bind(String callee, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new TemplateException(
          "%s takes %d arguments, but got %d"
              .formatted(callee, parameters.length, positional.size()));
    }
    List<String> names = List.of(parameters);
    for (String name : named.keySet()) {
      int index = names.indexOf(name);
      if (index < 0) {
        throw new TemplateException("%s has no argument '%s'".formatted(callee, name));
      }
      if (index < positional.size()) {
        throw new TemplateException("%s got the argument '%s' twice".formatted(callee, name));
      }
    }
    Bound bound = new Bound(callee, names, this);
    for (int i = 0; i < required; i++) {
      bound.required(i);
    }
    return bound;
  }

  /** Arguments by the number of their parameter. */
  record Bound(String callee, List<String> names, Arguments arguments) {
    Optional<Value> get(int parameter) {
      return parameter < arguments.positional().size()
          ? Optional.of(arguments.positional().get(parameter))
          : Optional.ofNullable(arguments.named().get(names.get(parameter)));
    }

    /** As {@link #get}, but {@code none} counts as not given. */
    Optional<Value> unlessNone(int parameter) {
      return get(parameter).filter(value -> value != Value.None.NONE);
    }

    Value required(int parameter) {
      return get(parameter)
          .orElseThrow(() ->
              new TemplateException(
                  "%s needs the argument '%s'".formatted(callee, names.get(parameter))));
    }

    boolean flag(int parameter, boolean byDefault) {
      return get(parameter).map(Operators::isTrue).orElse(byDefault);
    }

    int number(int parameter, int byDefault) {
      return get(parameter).map(value -> Operators.toIndex(value)).orElse(byDefault);
    }
  }
}
