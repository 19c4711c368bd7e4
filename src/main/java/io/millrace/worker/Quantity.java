package io.millrace.worker;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads times and sizes as people write them: a whole number and a unit. */
public final class Quantity {
  private static final Pattern FORM = Pattern.compile("(\\d{1,18}) ?([A-Za-z]*)");
  private static final int MAX_TIME_DIGITS = 9;
  private static final Map<String, Duration> TIMES =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1));
  private static final Map<String, Long> SIZES =
      Map.of(
          "", 1L,
          "K", 1L << 10,
          "KiB", 1L << 10,
          "M", 1L << 20,
          "MiB", 1L << 20,
          "G", 1L << 30,
          "GiB", 1L << 30,
          "T", 1L << 40,
          "TiB", 1L << 40);

  private Quantity() {}

  /**
   * A time such as {@code 250ms}, {@code 30s}, {@code 10m} or {@code 1h}.
   *
   * @throws IllegalArgumentException for anything else, also for a number without a unit
   */
  public static Duration duration(String text) {
    Matcher parts = parts(text);
    if (parts.group(1).length() > MAX_TIME_DIGITS) {
      throw new IllegalArgumentException("%s is longer than any process runs".formatted(text));
    }
    return unit(TIMES, parts.group(2), text).multipliedBy(Long.parseLong(parts.group(1)));
  }

  /**
   * A size in bytes, such as {@code 65536}, {@code 512KiB}, {@code 32MiB} or {@code 8G}; all units
   * are powers of 1024.
   *
   * @throws IllegalArgumentException for anything else, also for a size beyond 2^63
   */
  public static long bytes(String text) {
    Matcher parts = parts(text);
    try {
      return Math.multiplyExact(
          Long.parseLong(parts.group(1)), (long) unit(SIZES, parts.group(2), text));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("%s is more than any machine has".formatted(text), e);
    }
  }

  private static Matcher parts(String text) {
    Matcher parts = FORM.matcher(text.strip());
    if (!parts.matches()) {
      throw new IllegalArgumentException("%s is no number with a unit".formatted(text));
    }
    return parts;
  }

  private static <T> T unit(Map<String, T> units, String name, String text) {
    T unit = units.get(name);
    if (unit == null) {
      throw new IllegalArgumentException(
          "%s has no known unit, expected one of %s"
              .formatted(text, String.join(", ", units.keySet().stream().sorted().toList())));
    }
    return unit;
  }
}
