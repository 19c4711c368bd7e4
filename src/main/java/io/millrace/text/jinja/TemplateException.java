package io.millrace.text.jinja;

/**
 * A template is not valid, uses what this interpreter does not know, asks for more than it may, or
 * has raised an exception itself. The message is for a person.
 */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean located;

  TemplateException(String message) {
    super(message);
    located = false;
  }

  private TemplateException(String message, TemplateException cause) {
    super(message, cause);
    located = true;
  }

  /** This exception with the template's line, unless it has one. */
  TemplateException at(int line) {
    return located
        ? this
        : new TemplateException("line %d: %s".formatted(line, getMessage()), this);
  }

  /** What Python could evaluate, but this interpreter does not. */
  static TemplateException unsupported(String construct) {
    return new TemplateException(construct + " is not supported in chat templates here");
  }
}
