package io.millrace.weights;

import java.nio.file.Path;

/**
 * A file is no model that this build reads. The message begins with the file's name and says what
 * was found, what was expected, and where there is a remedy, what to do.
 */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CheckpointException(Path file, String problem) {
    super(message(file, problem));
  }

  CheckpointException(Path file, String problem, Throwable cause) {
    super(message(file, problem), cause);
  }

  private static String message(Path file, String problem) {
    Path name = file.getFileName();
    return (name == null ? file : name) + ": " + problem;
  }
}
