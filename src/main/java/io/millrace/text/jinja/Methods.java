package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Arguments.Bound;
import io.millrace.text.jinja.Value.Bool;
import io.millrace.text.jinja.Value.Function;
import io.millrace.text.jinja.Value.Int;
import io.millrace.text.jinja.Value.Items;
import io.millrace.text.jinja.Value.Mapping;
import io.millrace.text.jinja.Value.Text;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;

/** Attributes and methods of Python's strings, dicts and lists. */
final class Methods {
  /** What Python has and this interpreter does not, or the sandbox forbids. */
  private static final Set<String> OTHER_STRING_METHODS =
      Set.of(
          "casefold",
          "center",
          "encode",
          "expandtabs",
          "format",
          "format_map",
          "isascii",
          "isdecimal",
          "isidentifier",
          "isnumeric",
          "isprintable",
          "ljust",
          "maketrans",
          "rjust",
          "swapcase",
          "translate");

  private static final Set<String> OTHER_DICT_METHODS =
      Set.of("clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update");
  private static final Set<String> OTHER_LIST_METHODS =
      Set.of("append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort");
  private static final Set<String> NUMBER_ATTRIBUTES =
      Set.of(
          "as_integer_ratio",
          "bit_count",
          "bit_length",
          "conjugate",
          "denominator",
          "from_bytes",
          "fromhex",
          "hex",
          "imag",
          "is_integer",
          "numerator",
          "real",
          "to_bytes");

  private final Budget budget;

  Methods(Budget budget) {
    this.budget = budget;
  }

  /**
   * What {@code getattr} gives; empty when there is no such attribute.
   *
   * @throws TemplateException when Python has it, but this interpreter does not
   */
  Optional<Value> attribute(Value value, String name) {
    if (name.startsWith("__")) {
      throw TemplateException.unsupported("the attribute " + name);
    }
    return switch (value) {
      case Text text -> string(text.marked(), name);
      case Value.Safe _ ->
          throw TemplateException.unsupported("a method of a value of the filter safe");
      case Mapping mapping -> dict(mapping, name);
      case Items items when items.kind() != Items.Kind.VIEW -> list(items, name);
      case Value.Namespace namespace -> Optional.ofNullable(namespace.attributes().get(name));
      case Value.Loop loop -> loop.state().attribute(name);
      case Int _, Bool _, Value.Real _ -> {
        if (NUMBER_ATTRIBUTES.contains(name)) {
          throw TemplateException.unsupported("the attribute %s of a number".formatted(name));
        }
        yield Optional.empty();
      }
      case Function _, Items _, Value.Generator _ ->
          throw TemplateException.unsupported(
              "the attribute %s of a %s".formatted(name, value.typeName()));
      case Value.None _, Value.Undefined _ -> Optional.empty();
    };
  }

  private Optional<Value> string(MarkedText text, String name) {
    Function.Body body =
        switch (name) {
          case "strip" -> arguments -> strip(text, arguments, name, true, true);
          case "lstrip" -> arguments -> strip(text, arguments, name, true, false);
          case "rstrip" -> arguments -> strip(text, arguments, name, false, true);
          case "upper" -> arguments -> none(arguments, name, Texts.map(text, Texts::upper));
          case "lower" -> arguments -> none(arguments, name, Texts.map(text, Texts::lower));
          case "capitalize" -> arguments -> none(arguments, name, Texts.capitalize(text));
          case "title" -> arguments -> none(arguments, name, title(text));
          case "split" -> arguments -> split(text, arguments, false);
          case "rsplit" -> arguments -> split(text, arguments, true);
          case "splitlines" ->
              arguments ->
                  texts(Texts.lines(text, arguments.bind(name, 0, "keepends").flag(0, false)));
          case "startswith" -> arguments -> affix(text.text(), arguments, name, true);
          case "endswith" -> arguments -> affix(text.text(), arguments, name, false);
          case "replace" -> arguments -> replace(text, arguments);
          case "join" -> arguments -> join(text, arguments);
          case "find", "index" -> arguments -> find(text.text(), arguments, name, false);
          case "rfind", "rindex" -> arguments -> find(text.text(), arguments, name, true);
          case "count" -> arguments -> count(text.text(), arguments);
          case "partition", "rpartition" -> arguments -> partition(text, arguments, name);
          case "removeprefix", "removesuffix" -> arguments -> remove(text, arguments, name);
          case "zfill" -> arguments -> zfill(text, arguments);
          case "isspace" -> arguments -> all(text, arguments, PythonText::isSpace);
          case "isdigit" -> arguments -> all(text, arguments, Character::isDigit);
          case "isalpha" -> arguments -> all(text, arguments, Character::isLetter);
          case "isalnum" -> arguments -> all(text, arguments, Character::isLetterOrDigit);
          case "isupper" -> _ -> Bool.of(isCased(text.text(), true));
          case "islower" -> _ -> Bool.of(isCased(text.text(), false));
          default -> null;
        };
    return method(name, body, OTHER_STRING_METHODS);
  }

  private Optional<Value> dict(Mapping mapping, String name) {
    Function.Body body =
        switch (name) {
          case "items" -> arguments -> none(arguments, name, view(mapping.items()));
          case "keys" -> arguments -> none(arguments, name, view(mapping.keys()));
          case "values" -> arguments -> none(arguments, name, view(mapping.values()));
          case "get" ->
              arguments -> {
                Bound bound = arguments.bind("get", 1, "key", "default");
                return mapping
                    .get(bound.required(0))
                    .or(() -> bound.get(1))
                    .orElse(Value.None.NONE);
              };
          default -> null;
        };
    return method(name, body, OTHER_DICT_METHODS);
  }

  private Optional<Value> list(Items items, String name) {
    Function.Body body =
        switch (name) {
          case "index" ->
              arguments -> {
                Value sought = arguments.bind("index", 1, "value").required(0);
                for (int i = 0; i < items.values().size(); i++) {
                  if (Operators.equal(items.values().get(i), sought)) {
                    return new Int(i);
                  }
                }
                throw new TemplateException("the value is not in the list");
              };
          case "count" ->
              arguments -> {
                Value sought = arguments.bind("count", 1, "value").required(0);
                return new Int(
                    items.values().stream()
                        .filter(value -> Operators.equal(value, sought))
                        .count());
              };
          default -> null;
        };
    return method(name, body, OTHER_LIST_METHODS);
  }

  private static Optional<Value> method(String name, Function.Body body, Set<String> others) {
    if (body == null && others.contains(name)) {
      throw TemplateException.unsupported("the method '%s'".formatted(name));
    }
    return Optional.ofNullable(body).map(found -> new Function(name, found));
  }

  private static Items view(List<Value> values) {
    return new Items(Items.Kind.VIEW, values);
  }

  private static Value none(Arguments arguments, String name, MarkedText result) {
    return none(arguments, name, new Text(result));
  }

  private static Value none(Arguments arguments, String name, Value result) {
    arguments.bind(name, 0);
    return result;
  }

  private static Value texts(List<MarkedText> texts) {
    return Items.list(texts.stream().map(text -> (Value) new Text(text)).toList());
  }

  private static String plain(Value value) {
    if (value instanceof Value.Undefined undefined) {
      throw undefined.error();
    }
    return Operators.text(value).text();
  }

  static IntPredicate strippedBy(Optional<Value> characters) {
    return characters
        .map(Methods::plain)
        .map(set -> (IntPredicate) c -> set.indexOf(c) >= 0)
        .orElse(PythonText::isSpace);
  }

  private static Value strip(
      MarkedText text, Arguments arguments, String name, boolean left, boolean right) {
    Optional<Value> characters = arguments.bind(name, 0, "chars").unlessNone(0);
    return new Text(Texts.strip(text, strippedBy(characters), left, right));
  }

  private static Value split(MarkedText text, Arguments arguments, boolean fromRight) {
    Bound bound = arguments.bind("split", 0, "sep", "maxsplit");
    int most = bound.number(1, -1);
    Optional<Value> separator = bound.unlessNone(0);
    if (separator.isEmpty()) {
      if (fromRight && most >= 0) {
        throw TemplateException.unsupported("rsplit with maxsplit and without sep");
      }
      return texts(Texts.words(text, most));
    }
    return texts(Texts.split(text, plain(separator.get()), most, fromRight));
  }

  private static Value affix(String text, Arguments arguments, String name, boolean start) {
    Value affix = arguments.bind(name, 1, "affix").required(0);
    List<Value> any = affix instanceof Items items ? items.values() : List.of(affix);
    return Bool.of(
        any.stream()
            .map(Methods::plain)
            .anyMatch(one -> start ? text.startsWith(one) : text.endsWith(one)));
  }

  private Value replace(MarkedText text, Arguments arguments) {
    Bound bound = arguments.bind("replace", 2, "old", "new", "count");
    return replace(text, plain(bound.required(0)), bound.required(1), bound.number(2, -1));
  }

  Value replace(MarkedText text, String old, Value by, int most) {
    if (by instanceof Value.Undefined undefined) {
      throw undefined.error();
    }
    MarkedText with = Operators.text(by);
    String plain = text.text();
    // An upper bound: as if the old text stood at every place.
    budget.chars(plain.length());
    long places = old.isEmpty() ? plain.length() + 1L : occurrences(plain, old);
    budget.chars(places * with.text().length());
    return new Text(Texts.replace(text, old, with, most));
  }

  private Value join(MarkedText separator, Arguments arguments) {
    Value values = arguments.bind("join", 1, "iterable").required(0);
    List<MarkedText> parts =
        new Sequences(budget).iterate(values).stream().map(Operators::text).toList();
    return joined(separator, parts);
  }

  Value joined(MarkedText separator, List<MarkedText> parts) {
    MarkedText whole = Texts.join(separator, parts);
    budget.chars(whole.text().length());
    return new Text(whole);
  }

  private static Value find(String text, Arguments arguments, String name, boolean last) {
    String sought = plain(arguments.bind(name, 1, "sub").required(0));
    int at = last ? text.lastIndexOf(sought) : text.indexOf(sought);
    if (at < 0 && name.endsWith("index")) {
      throw new TemplateException("substring not found");
    }
    return new Int(at < 0 ? -1 : text.codePointCount(0, at));
  }

  private static Value count(String text, Arguments arguments) {
    String sought = plain(arguments.bind("count", 1, "sub").required(0));
    return new Int(
        sought.isEmpty() ? text.codePointCount(0, text.length()) + 1L : occurrences(text, sought));
  }

  private static long occurrences(String text, String sought) {
    long count = 0;
    for (int at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + sought.length())) {
      count++;
    }
    return count;
  }

  private static Value partition(MarkedText text, Arguments arguments, String name) {
    String separator = plain(arguments.bind(name, 1, "sep").required(0));
    boolean last = name.startsWith("r");
    List<MarkedText> parts = Texts.split(text, separator, 1, last);
    if (parts.size() == 1) {
      return last
          ? Items.tuple(Text.EMPTY, Text.EMPTY, new Text(text))
          : Items.tuple(new Text(text), Text.EMPTY, Text.EMPTY);
    }
    int from = parts.getFirst().text().length();
    return Items.tuple(
        new Text(parts.getFirst()),
        new Text(text.substring(from, from + separator.length())),
        new Text(parts.getLast()));
  }

  private static Value remove(MarkedText text, Arguments arguments, String name) {
    String affix = plain(arguments.bind(name, 1, "affix").required(0));
    String plain = text.text();
    if (name.equals("removeprefix") && plain.startsWith(affix)) {
      return new Text(text.substring(affix.length(), plain.length()));
    }
    if (name.equals("removesuffix") && plain.endsWith(affix)) {
      return new Text(text.substring(0, plain.length() - affix.length()));
    }
    return new Text(text);
  }

  private Value zfill(MarkedText text, Arguments arguments) {
    int width = Operators.toIndex(arguments.bind("zfill", 1, "width").required(0));
    int missing = Math.max(0, width - Texts.length(text));
    budget.chars(missing);
    String plain = text.text();
    int sign = plain.startsWith("-") || plain.startsWith("+") ? 1 : 0;
    return new Text(
        text.substring(0, sign)
            .concat(MarkedText.trusted("0".repeat(missing)))
            .concat(text.substring(sign, plain.length())));
  }

  private static Value all(MarkedText text, Arguments arguments, IntPredicate kind) {
    arguments.bind("is", 0);
    return Bool.of(!text.text().isEmpty() && text.text().codePoints().allMatch(kind));
  }

  static boolean isCased(String text, boolean upper) {
    boolean cased =
        text.codePoints().anyMatch(upper ? Character::isUpperCase : Character::isLowerCase);
    return cased
        && text.codePoints()
            .noneMatch(c ->
                Character.isTitleCase(c)
                    || (upper ? Character.isLowerCase(c) : Character.isUpperCase(c)));
  }

  /** Every letter after one that is no letter in capitals, the others small. */
  private static MarkedText title(MarkedText text) {
    boolean[] inWord = {false};
    return Texts.map(
        text,
        part -> {
          StringBuilder titled = new StringBuilder();
          part.codePoints()
              .forEach(c -> {
                String character = Character.toString(c);
                titled.append(inWord[0] ? Texts.lower(character) : Texts.upper(character));
                inWord[0] = Character.isLetter(c);
              });
          return titled.toString();
        });
  }
}
