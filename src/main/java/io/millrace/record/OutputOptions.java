package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.OptionalInt;

/**
 * What a completion holds.
 *
 * @param n number of choices, at least 1
 * @param topLogprobs how many of the likeliest tokens to tell with each token and its own
 *     log-probability; empty tells neither
 * @param format what each text may be
 */
public record OutputOptions(int n, OptionalInt topLogprobs, Format format) {
  /** One text of any kind. */
  public static final OutputOptions DEFAULT =
      new OutputOptions(1, OptionalInt.empty(), new Format.Text());

  public OutputOptions {
    requireNonNull(topLogprobs, "topLogprobs is null");
    requireNonNull(format, "format is null");
    if (n < 1) {
      throw new IllegalArgumentException("n is %d, expected at least 1".formatted(n));
    }
  }

  /** OpenAI's {@code response_format}. */
  public sealed interface Format {
    record Text() implements Format {}

    /** Any JSON object. */
    record JsonObject() implements Format {}

    /**
     * @param schema JSON text of an object; whether it is supported, the worker finds out
     */
    record JsonSchema(String schema) implements Format {
      public JsonSchema {
        requireNonNull(schema, "schema is null");
      }
    }
  }
}
