package io.millrace.client;

/** No completion will come to this client; the message says why, for the person who asked. */
public final class MillraceClientException extends RuntimeException {
  private static final long serialVersionUID = 1;

  MillraceClientException(String message) {
    super(message);
  }

  MillraceClientException(String message, Throwable cause) {
    super(message, cause);
  }
}
