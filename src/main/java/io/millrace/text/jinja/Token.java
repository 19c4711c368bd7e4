package io.millrace.text.jinja;

/**
 * A word of a template.
 *
 * @param text decoded for strings; as it stands for the others
 * @param line from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind other, String value) {
    return kind == other && text.equals(value);
  }

  /** How an error message names it. */
  String describe() {
    return switch (kind) {
      case DATA -> "text";
      case END -> "the end of the template";
      case VARIABLE_BEGIN -> "'{{'";
      case VARIABLE_END -> "'}}'";
      case BLOCK_BEGIN -> "'{%'";
      case BLOCK_END -> "'%}'";
      case STRING -> "a string";
      case NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
    };
  }
}
