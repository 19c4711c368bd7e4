package io.millrace.engine;

import static java.util.Objects.requireNonNull;

/** What texts a request may be answered with. */
public sealed interface ResponseFormat {
  ResponseFormat TEXT = new Text();

  /** Any text. */
  record Text() implements ResponseFormat {}

  /** Any JSON object. */
  record JsonObject() implements ResponseFormat {}

  /**
   * JSON that is valid by a schema.
   *
   * @param schema JSON text
   */
  record JsonSchema(String schema) implements ResponseFormat {
    public JsonSchema {
      requireNonNull(schema, "schema is null");
    }
  }
}
