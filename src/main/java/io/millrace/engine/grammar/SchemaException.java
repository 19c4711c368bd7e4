package io.millrace.engine.grammar;

/** A schema that is none, or that asks for what cannot be generated; the message says what. */
public final class SchemaException extends RuntimeException {
  private static final long serialVersionUID = 1;

  SchemaException(String message) {
    super(message);
  }
}
