package io.millrace.text.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A request's JSON as values, its strings marked. */
final class JsonValues {
  /** Some templates put these into special tokens, {@code '<|' + message.role + '|>'}. */
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function", "ipython");

  private JsonValues() {}

  static Value of(JsonNode json) {
    return switch (json.getNodeType()) {
      case STRING -> verbatim(json.textValue());
      case BOOLEAN -> Bool.of(json.booleanValue());
      case NUMBER -> number(json);
      case ARRAY -> {
        List<Value> values = new ArrayList<>(json.size());
        json.forEach(element -> values.add(of(element)));
        yield Items.list(List.copyOf(values));
      }
      case OBJECT -> {
        List<Mapping.Entry> entries = new ArrayList<>(json.size());
        for (Map.Entry<String, JsonNode> field : json.properties()) {
          entries.add(
              new Mapping.Entry(verbatim(field.getKey()), field(field.getKey(), field.getValue())));
        }
        yield Mapping.of(entries);
      }
      default -> Value.None.NONE;
    };
  }

  private static Value field(String name, JsonNode value) {
    boolean isRole = name.equals("role") && value.isTextual() && ROLES.contains(value.textValue());
    return isRole ? Text.of(value.textValue()) : of(value);
  }

  private static Value number(JsonNode number) {
    if (!number.isIntegralNumber()) {
      return new Real(number.doubleValue());
    }
    if (!number.canConvertToLong()) {
      throw TemplateException.unsupported("an integer beyond 64 bits");
    }
    return new Int(number.longValue());
  }

  private static Text verbatim(String text) {
    return new Text(MarkedText.verbatim(text));
  }
}
