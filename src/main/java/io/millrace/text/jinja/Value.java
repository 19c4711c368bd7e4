package io.millrace.text.jinja;

import io.millrace.text.MarkedText;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an expression evaluates to: Python's types, as far as templates meet them. */
sealed interface Value {
  /** Python's name of the type, for error messages. */
  default String typeName() {
    return switch (this) {
      case Undefined _ -> "Undefined";
      case None _ -> "NoneType";
      case Bool _ -> "bool";
      case Int _ -> "int";
      case Real _ -> "float";
      case Text _ -> "str";
      case Safe _ -> "Markup";
      case Items items -> items.kind().typeName();
      case Generator _ -> "generator";
      case Mapping _ -> "dict";
      case Namespace _ -> "Namespace";
      case Loop _ -> "LoopContext";
      case Function _ -> "function";
    };
  }

  /** What is not there; most of what is done with it is an error. */
  record Undefined(String what) implements Value {
    TemplateException error() {
      return new TemplateException(what + " is undefined");
    }
  }

  enum None implements Value {
    NONE
  }

  record Bool(boolean value) implements Value {
    static final Bool TRUE = new Bool(true);
    static final Bool FALSE = new Bool(false);

    static Bool of(boolean value) {
      return value ? TRUE : FALSE;
    }
  }

  record Int(long value) implements Value {}

  record Real(double value) implements Value {}

  record Text(MarkedText marked) implements Value {
    static final Text EMPTY = new Text(MarkedText.EMPTY);

    static Text of(String text) {
      return new Text(MarkedText.trusted(text));
    }

    String text() {
      return marked.text();
    }
  }

  /** A string that the filter {@code safe} has passed, which Python treats differently. */
  record Safe(MarkedText marked) implements Value {}

  /** Several values. */
  record Items(Kind kind, List<Value> values) implements Value {
    enum Kind {
      LIST("list"),
      TUPLE("tuple"),
      RANGE("range"),
      /** What a dict's {@code items()}, {@code keys()} and {@code values()} give. */
      VIEW("dict view");

      private final String typeName;

      Kind(String typeName) {
        this.typeName = typeName;
      }

      String typeName() {
        return typeName;
      }
    }

    static Items list(List<Value> values) {
      return new Items(Kind.LIST, values);
    }

    static Items tuple(Value... values) {
      return new Items(Kind.TUPLE, List.of(values));
    }

    /** Whether its elements can be had by number. */
    boolean isIndexed() {
      return kind != Kind.VIEW;
    }
  }

  /** Values that can be gone through once; what filters like {@code map} give. */
  record Generator(Iterator<Value> values) implements Value {}

  /**
   * A dict.
   *
   * @param entries by what decides whether two keys are equal
   */
  record Mapping(Map<Object, Entry> entries) implements Value {
    record Entry(Value key, Value value) {}

    static Mapping of(List<Entry> entries) {
      Map<Object, Entry> byKey = new LinkedHashMap<>();
      for (Entry entry : entries) {
        Object id = keyId(entry.key());
        Entry before = byKey.get(id);
        byKey.put(id, before == null ? entry : new Entry(before.key(), entry.value()));
      }
      return new Mapping(byKey);
    }

    Optional<Value> get(Value key) {
      return Optional.ofNullable(entries.get(keyId(key))).map(Entry::value);
    }

    Optional<Value> get(String key) {
      return Optional.ofNullable(entries.get(key)).map(Entry::value);
    }

    List<Value> keys() {
      return entries.values().stream().map(Entry::key).toList();
    }

    List<Value> values() {
      return entries.values().stream().map(Entry::value).toList();
    }

    List<Value> items() {
      return entries.values().stream()
          .map(entry -> (Value) Items.tuple(entry.key(), entry.value()))
          .toList();
    }

    private static Object keyId(Value key) {
      return switch (key) {
        case Text text -> text.text();
        case Safe safe -> safe.marked().text();
        case Bool bool -> bool.value() ? 1L : 0L;
        case Int number -> number.value();
        case Real real ->
            real.value() == Math.rint(real.value()) && Math.abs(real.value()) < 1e15
                ? (Object) (long) real.value()
                : (Object) real.value();
        case None _, Undefined _ -> key.getClass();
        case Items items when items.kind() == Items.Kind.TUPLE ->
            throw TemplateException.unsupported("a tuple as a key");
        default -> throw new TemplateException("unhashable type: '%s'".formatted(key.typeName()));
      };
    }
  }

  /** What {@code namespace()} makes: the one thing whose attributes can be set. */
  record Namespace(Map<String, Value> attributes) implements Value {}

  /** The variable {@code loop}. */
  record Loop(LoopState state) implements Value {}

  /** A macro, a global function, or a method of a value. */
  record Function(String name, Body body) implements Value {
    interface Body {
      Value call(Arguments arguments);
    }
  }
}
