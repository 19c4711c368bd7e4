package io.millrace.topology;

/** Topics could not be created or looked at; the message says why, for the person who asked. */
public final class TopicAdminException extends RuntimeException {
  private static final long serialVersionUID = 1;

  TopicAdminException(String message, Throwable cause) {
    super(message, cause);
  }
}
