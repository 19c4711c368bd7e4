package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Arguments.Bound;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Generator;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Real;
import io.millrace.text.jinja.Value.Safe;
import io.millrace.text.jinja.Value.Text;
import io.millrace.text.jinja.Value.Undefined;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Jinja's filters of single values; those of sequences are in {@link SequenceFilters}. */
final class Filters {
  private static final Pattern WORD_START =
      Pattern.compile("[-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

  private final Budget budget;
  private final Methods methods;
  private final SequenceFilters sequences;

  Filters(Budget budget, Methods methods, Lookup lookup, Tests tests) {
    this.budget = budget;
    this.methods = methods;
    this.sequences = new SequenceFilters(budget, methods, lookup, tests, this);
  }

  Value apply(String name, Value value, Arguments arguments) {
    return switch (name) {
      case "abs" -> abs(value, arguments);
      case "capitalize" -> text(arguments, name, Texts.capitalize(Repr.str(value)));
      case "count", "length" -> {
        arguments.bind(name, 0);
        yield Sequences.length(value);
      }
      case "d", "default" -> byDefault(value, arguments);
      case "float" -> toReal(value, arguments);
      case "indent" -> indent(Repr.str(value), arguments);
      case "int" -> toInt(value, arguments);
      case "lower" -> text(arguments, name, Texts.map(Repr.str(value), Texts::lower));
      case "replace" -> replace(value, arguments);
      case "round" -> round(value, arguments);
      case "safe" -> {
        arguments.bind(name, 0);
        yield new Safe(Repr.str(value));
      }
      case "string" -> {
        arguments.bind(name, 0);
        yield value instanceof Safe ? value : new Text(Repr.str(value));
      }
      case "title" -> text(arguments, name, title(Repr.str(value)));
      case "tojson" -> tojson(value, arguments);
      case "trim" -> {
        Optional<Value> characters = arguments.bind(name, 0, "chars").unlessNone(0);
        yield new Text(Texts.strip(Repr.str(value), Methods.strippedBy(characters), true, true));
      }
      case "upper" -> text(arguments, name, Texts.map(Repr.str(value), Texts::upper));
      case "wordcount" -> {
        arguments.bind(name, 0);
        yield new Int(WORD.matcher(Repr.str(value).text()).results().count());
      }
      default -> sequences.apply(name, value, arguments);
    };
  }

  private static Value text(Arguments arguments, String name, MarkedText result) {
    arguments.bind(name, 0);
    return new Text(result);
  }

  private static Value abs(Value value, Arguments arguments) {
    arguments.bind("abs", 0);
    Value number = Operators.requireNumber(value, "abs()");
    return Operators.real(number) < 0
        ? Arithmetic.negate(number)
        : Arithmetic.binary("+", new Int(0), number);
  }

  private static Value byDefault(Value value, Arguments arguments) {
    Bound bound = arguments.bind("default", 0, "default_value", "boolean");
    boolean replaced =
        value instanceof Undefined || bound.flag(1, false) && !Operators.isTrue(value);
    return replaced ? bound.get(0).orElse(Text.EMPTY) : value;
  }

  private static Value toInt(Value value, Arguments arguments) {
    Bound bound = arguments.bind("int", 0, "default", "base");
    Value otherwise = bound.get(0).orElse(new Int(0));
    int base = bound.number(1, 10);
    return switch (value) {
      case Undefined undefined -> throw undefined.error();
      case Bool _, Int _ -> new Int(Operators.whole(value));
      case Real real -> wholeOf(real.value()).orElse(otherwise);
      case Text text -> {
        String digits = text.text().strip().replace("_", "");
        if (base != 10) {
          throw TemplateException.unsupported("the filter int with a base");
        }
        try {
          yield new Int(Long.parseLong(digits));
        } catch (NumberFormatException e) {
          yield real(digits).flatMap(Filters::wholeOf).orElse(otherwise);
        }
      }
      default -> otherwise;
    };
  }

  private static Optional<Value> wholeOf(double number) {
    if (!Double.isFinite(number)) {
      return Optional.empty();
    }
    if (Math.abs(number) >= 0x1p63) {
      throw TemplateException.unsupported("an integer beyond 64 bits");
    }
    return Optional.of(new Int((long) number));
  }

  private static Value toReal(Value value, Arguments arguments) {
    Value otherwise = arguments.bind("float", 0, "default").get(0).orElse(new Real(0));
    return switch (value) {
      case Undefined undefined -> throw undefined.error();
      case Bool _, Int _, Real _ -> new Real(Operators.real(value));
      case Text text -> real(text.text()).<Value>map(Real::new).orElse(otherwise);
      default -> otherwise;
    };
  }

  private static Optional<Double> real(String text) {
    String digits = text.strip();
    if (!digits.matches("[-+]?(\\d[\\d_]*\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?")) {
      return Optional.empty();
    }
    return Optional.of(Double.parseDouble(digits.replace("_", "")));
  }

  private static Value round(Value value, Arguments arguments) {
    Bound bound = arguments.bind("round", 0, "precision", "method");
    int precision = bound.number(0, 0);
    String method = bound.get(1).map(given -> Operators.text(given).text()).orElse("common");
    Value number = Operators.requireNumber(value, "round()");
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw new TemplateException("method must be common, ceil or floor");
        };
    if (method.equals("common") && Operators.isWhole(number)) {
      return precision >= 0 ? new Int(Operators.whole(number)) : roundWhole(number, precision);
    }
    double exact = Operators.real(number);
    if (!Double.isFinite(exact) || Math.abs(precision) > 300) {
      throw TemplateException.unsupported("rounding %s to %d digits".formatted(exact, precision));
    }
    if (method.equals("common")) {
      return new Real(new BigDecimal(exact).setScale(precision, mode).doubleValue());
    }
    double scale = Math.pow(10, precision);
    double scaled = exact * scale;
    return new Real((method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
  }

  private static Value roundWhole(Value number, int precision) {
    return new Int(
        BigDecimal.valueOf(Operators.whole(number))
            .setScale(precision, RoundingMode.HALF_EVEN)
            .longValue());
  }

  private Value replace(Value value, Arguments arguments) {
    Bound bound = arguments.bind("replace", 2, "old", "new", "count");
    int most = bound.unlessNone(2).map(Operators::toIndex).orElse(-1);
    return methods.replace(
        Repr.str(value),
        Repr.str(bound.required(0)).text(),
        new Text(Repr.str(bound.required(1))),
        most);
  }

  private Value indent(MarkedText text, Arguments arguments) {
    Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
    MarkedText indention =
        bound
            .get(0)
            .map(width ->
                Operators.isText(width) ? Operators.text(width) : blanks(Operators.toIndex(width)))
            .orElseGet(() -> blanks(4));
    boolean blank = bound.flag(2, false);
    List<MarkedText> lines = Texts.lines(text.concat(MarkedText.trusted("\n")), false);
    List<MarkedText> indented = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      boolean skipped = i == 0 || !blank && lines.get(i).spans().isEmpty();
      indented.add(skipped ? lines.get(i) : indention.concat(lines.get(i)));
    }
    MarkedText whole = Texts.join(MarkedText.trusted("\n"), indented);
    MarkedText result = bound.flag(1, false) ? indention.concat(whole) : whole;
    budget.chars(result.text().length());
    return new Text(result);
  }

  private MarkedText blanks(int count) {
    budget.chars(Math.max(0, count));
    return MarkedText.trusted(" ".repeat(Math.max(0, count)));
  }

  /** Words as the filter cuts them, which is not how the method {@code title} does. */
  private static MarkedText title(MarkedText text) {
    String plain = text.text();
    List<MarkedText> parts = new ArrayList<>();
    Matcher start = WORD_START.matcher(plain);
    int from = 0;
    while (start.find()) {
      parts.add(Texts.capitalize(text.substring(from, start.start())));
      parts.add(text.substring(start.start(), start.end()));
      from = start.end();
    }
    parts.add(Texts.capitalize(text.substring(from, plain.length())));
    return Texts.join(MarkedText.EMPTY, parts);
  }

  private Value tojson(Value value, Arguments arguments) {
    Bound bound = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
    Optional<String> indent =
        bound
            .unlessNone(1)
            .map(given ->
                Operators.isText(given)
                    ? Operators.text(given).text()
                    : blanks(Operators.toIndex(given)).text());
    String itemSeparator = indent.isPresent() ? "," : ", ";
    String keySeparator = ": ";
    Optional<Value> separators = bound.unlessNone(2);
    if (separators.isPresent()) {
      if (!(separators.get() instanceof Items items) || items.values().size() != 2) {
        throw new TemplateException("tojson: separators must be a pair");
      }
      itemSeparator = Operators.text(items.values().get(0)).text();
      keySeparator = Operators.text(items.values().get(1)).text();
    }
    JsonText json =
        new JsonText(
            bound.flag(0, false), indent, itemSeparator, keySeparator, bound.flag(3, false));
    MarkedText text = json.write(value);
    budget.chars(text.text().length());
    return new Text(text);
  }

  /** For {@link SequenceFilters}: values of a generator, none of which is computed yet. */
  static Value generator(java.util.Iterator<Value> values) {
    return new Generator(values);
  }

  /** Every filter of Jinja that is known but not here ends in an error that names it. */
  static TemplateException unknown(String name) {
    return TemplateException.unsupported("the filter '%s'".formatted(name));
  }

  /** Pairs of a dict, for the filters {@code items} and {@code dictsort}. */
  static Mapping requireDict(Value value, String filter) {
    if (value instanceof Mapping mapping) {
      return mapping;
    }
    throw new TemplateException(
        "%s: can only get item pairs from a mapping, not %s".formatted(filter, value.typeName()));
  }
}
