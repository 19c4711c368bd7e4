package io.millrace.hub;

/** A model cannot be had from the Hub. The message says why, and what to do. */
public final class HubException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  HubException(String message) {
    super(message);
  }

  HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
