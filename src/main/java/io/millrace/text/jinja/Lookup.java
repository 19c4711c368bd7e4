package io.millrace.text.jinja;

import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Undefined;
import java.util.Optional;

/** Attributes and items, each tried as the other when it is not there, as Jinja does. */
final class Lookup {
  private final Methods methods;

  Lookup(Methods methods) {
    this.methods = methods;
  }

  /** {@code object.name}. */
  Value attribute(Value object, String name) {
    if (object instanceof Undefined undefined) {
      throw undefined.error();
    }
    return methods
        .attribute(object, name)
        .or(() -> object instanceof Mapping mapping ? mapping.get(name) : Optional.empty())
        .orElseGet(() -> missing(object, name));
  }

  /** {@code object[key]}. */
  Value item(Value object, Value key) {
    if (object instanceof Undefined undefined) {
      throw undefined.error();
    }
    Optional<Value> found =
        switch (object) {
          case Mapping mapping when !(key instanceof Items) -> mapping.get(key);
          case Value _ when Operators.isWhole(key) -> Sequences.at(object, Operators.whole(key));
          default -> Optional.empty();
        };
    if (found.isEmpty() && Operators.isText(key)) {
      found = methods.attribute(object, Operators.text(key).text());
    }
    return found.orElseGet(() -> missing(object, Repr.str(key).text()));
  }

  private static Undefined missing(Value object, String name) {
    return new Undefined("'%s' of a %s".formatted(shorten(name), object.typeName()));
  }

  private static String shorten(String name) {
    return name.length() > 64 ? name.substring(0, 64) + "..." : name;
  }
}
