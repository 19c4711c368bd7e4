package io.millrace.cli;

import io.millrace.worker.Quantity;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A span of time as people write it: {@code 30s}, {@code 5m}, {@code 2h}; seconds without unit. */
final class DurationConverter implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    try {
      boolean bare = !text.isEmpty() && Character.isDigit(text.charAt(text.length() - 1));
      return Quantity.duration(bare ? text + "s" : text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'%s' is not a span of time; expected a number with ms, s, m or h, such as 30s"
              .formatted(text));
    }
  }
}
