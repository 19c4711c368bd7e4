package io.millrace.hub;

import io.millrace.hub.HubClient.BusyException;
import java.io.IOException;
import java.time.Duration;

/** Tries again what failed for a reason that may pass. */
final class Retries {
  private static final int MAX_FRUITLESS = 6;
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);

  private final Duration patience;
  private final Progress progress;
  private int fruitless;

  Retries(Duration patience, Progress progress) {
    this.patience = patience;
    this.progress = progress;
  }

  /** Something that may fail. */
  interface Attempt<T> {
    T run() throws IOException, InterruptedException;
  }

  /** Tries until it works, or too often in a row without {@link #advanced}. */
  <T> T run(String what, Attempt<T> attempt) throws InterruptedException {
    while (true) {
      try {
        return attempt.run();
      } catch (IOException e) {
        if (++fruitless == MAX_FRUITLESS) {
          throw new HubException(
              "%s: given up after %d tries: %s".formatted(what, MAX_FRUITLESS, message(e)), e);
        }
        progress.retry("%s: %s".formatted(what, message(e)));
        Thread.sleep(pause(e));
      }
    }
  }

  /** Says that the last try got further. */
  void advanced() {
    fruitless = 0;
  }

  private Duration pause(IOException failure) {
    Duration doubled = patience.multipliedBy(1L << fruitless - 1);
    Duration wanted =
        failure instanceof BusyException busy ? busy.retryAfter().orElse(doubled) : doubled;
    if (wanted.compareTo(LONGEST_PAUSE) > 0) {
      throw new HubException(
          "%s, and asks to come back in %d s".formatted(message(failure), wanted.toSeconds()),
          failure);
    }
    return wanted.isNegative() ? Duration.ZERO : wanted;
  }

  /** The innermost message: that of the connection, not of the stream on it. */
  private static String message(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
