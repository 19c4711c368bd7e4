package io.millrace.weights;

import java.nio.file.Path;

/**
 * A file is no model that this build reads. The message begins with the file's name and says what
 * was found, what was expected, and where there is a remedy, what to do.
 */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int MAX_CHARS = 1000;

  CheckpointException(Path file, String problem) {
    super(message(file, problem));
  }

  CheckpointException(Path file, String problem, Throwable cause) {
    super(message(file, problem), cause);
  }

  /** Names and values out of a hostile file must neither flood nor steer the terminal. */
  private static String message(Path file, String problem) {
    Path name = file.getFileName();
    String message = (name == null ? file : name) + ": " + problem;
    String cut = message.length() > MAX_CHARS ? message.substring(0, MAX_CHARS) + "..." : message;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
