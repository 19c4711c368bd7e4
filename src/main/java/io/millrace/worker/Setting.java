package io.millrace.worker;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toUnmodifiableSet;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * A key of {@code worker.properties}.
 *
 * @param <T> what its value means
 * @param name the key
 * @param defaultText its value when the file does not set it, as the file would write it
 * @param expected what its value must look like, for error messages
 * @param parser throws {@link IllegalArgumentException} for any other value
 */
public record Setting<T>(
    String name, String defaultText, String expected, Function<String, T> parser) {
  private static final String AUTO = "auto";
  private static final String BYTES = "a size such as 65536, 512KiB, 32MiB or 8GiB";

  public Setting {
    requireNonNull(name, "name is null");
    requireNonNull(defaultText, "defaultText is null");
    requireNonNull(expected, "expected is null");
    requireNonNull(parser, "parser is null");
  }

  /**
   * What a value means.
   *
   * @throws IllegalArgumentException naming the key, the value and what was expected
   */
  T parse(String text) {
    try {
      return parser.apply(text.strip());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IllegalArgumentException("%s=%s, expected %s".formatted(name, text, expected), e);
    }
  }

  /** Any text; empty means none. */
  static Setting<Optional<String>> text(String name, String defaultText) {
    return new Setting<>(
        name, defaultText, "a text", text -> Optional.of(text).filter(some -> !some.isEmpty()));
  }

  /** Any number of names, separated by commas. */
  static Setting<Set<String>> names(String name) {
    return new Setting<>(
        name,
        "",
        "names, separated by commas",
        text ->
            Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .collect(toUnmodifiableSet()));
  }

  static Setting<Boolean> flag(String name, boolean defaultValue) {
    return new Setting<>(
        name,
        Boolean.toString(defaultValue),
        "true or false",
        text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw new IllegalArgumentException(text);
            });
  }

  static Setting<Integer> count(String name, int defaultValue, int min) {
    return new Setting<>(
        name,
        Integer.toString(defaultValue),
        "a whole number, at least " + min,
        text -> {
          int count = Integer.parseInt(text);
          if (count < min) {
            throw new IllegalArgumentException(text);
          }
          return count;
        });
  }

  /** A number of at least 1, or {@code auto}. */
  static Setting<OptionalInt> countOrAuto(String name) {
    Setting<Integer> count = count(name, 1, 1);
    return new Setting<>(
        name,
        AUTO,
        count.expected() + ", or auto",
        text ->
            text.equals(AUTO) ? OptionalInt.empty() : OptionalInt.of(count.parser().apply(text)));
  }

  /** One of the constants of an enum, in lower case. */
  static <E extends Enum<E>> Setting<E> choice(String name, E defaultValue) {
    E[] values = defaultValue.getDeclaringClass().getEnumConstants();
    return new Setting<>(
        name,
        lower(defaultValue),
        "one of " + String.join(", ", Arrays.stream(values).map(Setting::lower).toList()),
        text ->
            Arrays.stream(values)
                .filter(value -> lower(value).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(text)));
  }

  static Setting<Duration> duration(String name, String defaultText) {
    return new Setting<>(
        name, defaultText, "a time such as 250ms, 30s, 10m or 1h", Quantity::duration);
  }

  /** A size of at least one byte. */
  static Setting<Long> bytes(String name, String defaultText, long max) {
    return new Setting<>(
        name,
        defaultText,
        BYTES + " from 1 to %d bytes".formatted(max),
        text -> {
          long bytes = Quantity.bytes(text);
          if (bytes < 1 || bytes > max) {
            throw new IllegalArgumentException(text);
          }
          return bytes;
        });
  }

  /** A size, or {@code auto}. */
  static Setting<OptionalLong> bytesOrAuto(String name) {
    return new Setting<>(
        name,
        "auto",
        BYTES + ", or auto",
        text -> text.equals("auto") ? OptionalLong.empty() : OptionalLong.of(Quantity.bytes(text)));
  }

  /** A TCP port, or {@code off}. */
  static Setting<OptionalInt> portOrOff(String name, int defaultValue) {
    return new Setting<>(
        name,
        Integer.toString(defaultValue),
        "a port from 0 (any free one) to 65535, or off",
        text -> {
          if (text.equals("off")) {
            return OptionalInt.empty();
          }
          int port = Integer.parseInt(text);
          if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException(text);
          }
          return OptionalInt.of(port);
        });
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
