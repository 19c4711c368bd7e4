package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The filter {@code tojson} of Hugging Face: Python's {@code json.dumps}, without HTML escapes.
 *
 * @param ascii whether other characters are escaped
 * @param indent of a level; empty for one line
 */
record JsonText(
    boolean ascii,
    Optional<String> indent,
    String itemSeparator,
    String keySeparator,
    boolean sortKeys) {
  private static final int MAX_NESTING = 200;

  MarkedText write(Value value) {
    Writer writer = new Writer();
    writer.write(value, 0);
    String json = writer.out.toString();
    return writer.verbatim ? MarkedText.verbatim(json) : MarkedText.trusted(json);
  }

  private final class Writer {
    private final StringBuilder out = new StringBuilder();
    private boolean verbatim;

    void write(Value value, int depth) {
      if (depth > MAX_NESTING) {
        throw new TemplateException("tojson: values nested deeper than " + MAX_NESTING);
      }
      switch (value) {
        case Value.None _ -> out.append("null");
        case Bool bool -> out.append(bool.value());
        case Int number -> out.append(number.value());
        case Real number -> out.append(real(number.value()));
        case Text text -> string(text.marked());
        case Safe safe -> string(safe.marked());
        case Items items when items.kind() == Items.Kind.LIST || items.kind() == Items.Kind.TUPLE ->
            list(items.values(), depth);
        case Mapping mapping -> object(mapping, depth);
        default ->
            throw new TemplateException(
                "Object of type %s is not JSON serializable".formatted(value.typeName()));
      }
    }

    private void list(List<Value> values, int depth) {
      out.append('[');
      for (int i = 0; i < values.size(); i++) {
        out.append(i == 0 ? "" : itemSeparator);
        newline(depth + 1);
        write(values.get(i), depth + 1);
      }
      if (!values.isEmpty()) {
        newline(depth);
      }
      out.append(']');
    }

    private void object(Mapping mapping, int depth) {
      List<Map.Entry<MarkedText, Value>> entries =
          mapping.entries().values().stream()
              .map(entry -> Map.entry(key(entry.key()), entry.value()))
              .toList();
      if (sortKeys) {
        entries =
            entries.stream().sorted(Comparator.comparing(entry -> entry.getKey().text())).toList();
      }
      out.append('{');
      for (int i = 0; i < entries.size(); i++) {
        out.append(i == 0 ? "" : itemSeparator);
        newline(depth + 1);
        string(entries.get(i).getKey());
        out.append(keySeparator);
        write(entries.get(i).getValue(), depth + 1);
      }
      if (!entries.isEmpty()) {
        newline(depth);
      }
      out.append('}');
    }

    private MarkedText key(Value key) {
      return switch (key) {
        case Text text -> text.marked();
        case Safe safe -> safe.marked();
        case Bool bool -> MarkedText.trusted(bool.value() ? "true" : "false");
        case Value.None _ -> MarkedText.trusted("null");
        case Int number -> MarkedText.trusted(Long.toString(number.value()));
        case Real number -> MarkedText.trusted(real(number.value()));
        default ->
            throw new TemplateException(
                "keys must be str, int, float, bool or None, not " + key.typeName());
      };
    }

    private void newline(int depth) {
      indent.ifPresent(blanks -> out.append('\n').repeat(blanks, depth));
    }

    private static String real(double number) {
      return Double.isNaN(number)
          ? "NaN"
          : Double.isInfinite(number)
              ? number > 0 ? "Infinity" : "-Infinity"
              : PythonText.repr(number);
    }

    private void string(MarkedText text) {
      verbatim |= text.hasVerbatim();
      out.append('"');
      for (char c : text.text().toCharArray()) {
        switch (c) {
          case '"' -> out.append("\\\"");
          case '\\' -> out.append("\\\\");
          case '\n' -> out.append("\\n");
          case '\r' -> out.append("\\r");
          case '\t' -> out.append("\\t");
          case '\f' -> out.append("\\f");
          case '\b' -> out.append("\\b");
          default -> {
            if (c < 0x20 || ascii && c > 0x7e) {
              out.append("\\u%04x".formatted((int) c));
            } else {
              out.append(c);
            }
          }
        }
      }
      out.append('"');
    }
  }
}
