package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.util.List;

/** Python's {@code str} and {@code repr}. */
final class Repr {
  private static final int MAX_NESTING = 200;

  private final StringBuilder out = new StringBuilder();
  private boolean verbatim;

  private Repr() {}

  /** What printing a value writes. */
  static MarkedText str(Value value) {
    return switch (value) {
      case Text text -> text.marked();
      case Safe safe -> safe.marked();
      case Undefined _ -> MarkedText.EMPTY;
      default -> {
        Repr repr = new Repr();
        repr.write(value, 0);
        String text = repr.out.toString();
        yield repr.verbatim ? MarkedText.verbatim(text) : MarkedText.trusted(text);
      }
    };
  }

  private void write(Value value, int depth) {
    if (depth > MAX_NESTING) {
      throw new TemplateException("prints values nested deeper than " + MAX_NESTING);
    }
    switch (value) {
      case Undefined _ -> out.append("Undefined");
      case Value.None _ -> out.append("None");
      case Bool bool -> out.append(bool.value() ? "True" : "False");
      case Int number -> out.append(number.value());
      case Real number -> out.append(PythonText.repr(number.value()));
      case Text text -> {
        verbatim |= text.marked().hasVerbatim();
        out.append(PythonText.repr(text.text()));
      }
      case Items items -> write(items, depth);
      case Mapping mapping -> {
        String separator = "{";
        for (Mapping.Entry entry : mapping.entries().values()) {
          out.append(separator);
          write(entry.key(), depth + 1);
          out.append(": ");
          write(entry.value(), depth + 1);
          separator = ", ";
        }
        out.append(mapping.entries().isEmpty() ? "{}" : "}");
      }
      case Safe _, Value.Generator _, Value.Namespace _, Value.Loop _, Value.Function _ ->
          throw TemplateException.unsupported("printing a %s".formatted(value.typeName()));
    }
  }

  private void write(Items items, int depth) {
    switch (items.kind()) {
      case LIST -> write(items.values(), "[", "]", depth);
      case TUPLE -> write(items.values(), "(", items.values().size() == 1 ? ",)" : ")", depth);
      case RANGE, VIEW ->
          throw TemplateException.unsupported("printing a %s".formatted(items.typeName()));
    }
  }

  private void write(List<Value> values, String begin, String end, int depth) {
    out.append(begin);
    for (int i = 0; i < values.size(); i++) {
      out.append(i == 0 ? "" : ", ");
      write(values.get(i), depth + 1);
    }
    out.append(end);
  }
}
