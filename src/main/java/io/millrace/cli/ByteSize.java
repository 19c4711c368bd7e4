package io.millrace.cli;

import io.millrace.worker.Quantity;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of bytes as people write it: {@code 8589934592}, {@code 8G}, {@code 512MiB}. */
final class ByteSize implements ITypeConverter<Long> {
  @Override
  public Long convert(String text) {
    try {
      return Quantity.bytes(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'%s' is not a size in bytes; expected a number such as 8589934592 or 8G"
              .formatted(text));
    }
  }
}
