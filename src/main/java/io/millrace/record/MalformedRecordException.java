package io.millrace.record;

import io.millrace.record.Completion.ErrorBody;

/** A record that cannot be read as what its topic holds. */
public final class MalformedRecordException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient ErrorBody error;

  MalformedRecordException(ErrorBody error) {
    super(error.message());
    this.error = error;
  }

  /** What is wrong, and with which field. */
  public ErrorBody error() {
    return error;
  }
}
