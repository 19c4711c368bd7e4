package io.millrace.text.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.text.MarkedText;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template, as Hugging Face's {@code apply_chat_template} renders it: Jinja 3.1 in the
 * immutable sandbox, with {@code trim_blocks}, {@code lstrip_blocks} and loop controls. What this
 * interpreter would not evaluate as Python does is an error. Thread-safe.
 */
public final class Template {
  private final List<Statement> statements;

  private Template(List<Statement> statements) {
    this.statements = statements;
  }

  /**
   * Reads a template.
   *
   * @throws TemplateException when it is not valid, naming the line
   */
  public static Template parse(String source) {
    return new Template(TemplateParser.parse(source));
  }

  /**
   * Renders.
   *
   * @param request variables that came with a request; their strings are marked in the result
   * @param trusted other variables
   * @param now what {@code strftime_now} tells
   * @throws TemplateException when the template raises an exception, uses something that is not
   *     supported, or takes too much; it names the line
   */
  public MarkedText render(
      Map<String, JsonNode> request, Map<String, String> trusted, LocalDateTime now) {
    Budget budget = new Budget();
    Map<String, Value> variables = new HashMap<>(new Globals(budget, now).all());
    trusted.forEach((name, text) -> variables.put(name, Value.Text.of(text)));
    request.forEach((name, json) -> variables.put(name, JsonValues.of(json)));
    return Interpreter.render(statements, variables, budget);
  }
}
