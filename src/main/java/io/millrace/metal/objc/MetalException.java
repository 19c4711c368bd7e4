package io.millrace.metal.objc;

/** What Metal refused, in its own words where it gave any. */
public final class MetalException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public MetalException(String message) {
    super(message);
  }

  MetalException(String message, Throwable cause) {
    super(message, cause);
  }
}
