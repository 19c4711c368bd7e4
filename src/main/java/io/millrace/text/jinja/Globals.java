package io.millrace.text.jinja;

import io.millrace.text.jinja.Value.Function;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Text;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What every template finds defined: Jinja's globals, and those that Hugging Face adds. */
final class Globals {
  private final Budget budget;
  private final LocalDateTime now;

  Globals(Budget budget, LocalDateTime now) {
    this.budget = budget;
    this.now = now;
  }

  Map<String, Value> all() {
    Map<String, Value> globals = new HashMap<>();
    add(globals, "range", this::range);
    add(globals, "dict", this::dict);
    add(globals, "namespace", arguments -> namespace(arguments));
    add(
        globals,
        "raise_exception",
        arguments -> {
          throw new TemplateException(
              Repr.str(arguments.bind("raise_exception", 1, "message").required(0)).text());
        });
    add(
        globals,
        "strftime_now",
        arguments -> {
          Value format = arguments.bind("strftime_now", 1, "format").required(0);
          return Text.of(Strftime.format(Operators.text(format).text(), now));
        });
    for (String other : List.of("lipsum", "cycler", "joiner")) {
      add(
          globals,
          other,
          _ -> {
            throw TemplateException.unsupported("the function '%s'".formatted(other));
          });
    }
    return globals;
  }

  private static void add(Map<String, Value> globals, String name, Function.Body body) {
    globals.put(name, new Function(name, body));
  }

  private Value range(Arguments arguments) {
    List<Value> given = arguments.positional();
    if (given.isEmpty() || given.size() > 3 || !arguments.named().isEmpty()) {
      throw new TemplateException("range expects 1 to 3 numbers");
    }
    long start = given.size() == 1 ? 0 : Operators.whole(given.get(0));
    long end = Operators.whole(given.get(given.size() == 1 ? 0 : 1));
    long step = given.size() == 3 ? Operators.whole(given.get(2)) : 1;
    if (step == 0) {
      throw new TemplateException("range() arg 3 must not be zero");
    }
    List<Value> values = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      if (values.size() == Budget.MAX_RANGE) {
        throw new TemplateException(
            "Range too big. The sandbox blocks ranges larger than " + Budget.MAX_RANGE);
      }
      budget.step();
      values.add(new Int(i));
    }
    return new Items(Items.Kind.RANGE, List.copyOf(values));
  }

  private Value dict(Arguments arguments) {
    List<Mapping.Entry> entries = new ArrayList<>(initial(arguments, "dict"));
    arguments
        .named()
        .forEach((name, value) -> entries.add(new Mapping.Entry(Text.of(name), value)));
    return Mapping.of(entries);
  }

  private Value namespace(Arguments arguments) {
    Map<String, Value> attributes = new HashMap<>();
    initial(arguments, "namespace")
        .forEach(entry -> attributes.put(Operators.text(entry.key()).text(), entry.value()));
    attributes.putAll(arguments.named());
    return new Value.Namespace(attributes);
  }

  private List<Mapping.Entry> initial(Arguments arguments, String callee) {
    if (arguments.positional().isEmpty()) {
      return List.of();
    }
    if (arguments.positional().size() == 1
        && arguments.positional().getFirst() instanceof Mapping mapping) {
      budget.steps(mapping.entries().size());
      return List.copyOf(mapping.entries().values());
    }
    throw TemplateException.unsupported("%s() of other arguments than a dict".formatted(callee));
  }
}
