package io.millrace.worker;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Closes parts in the opposite order of their start, each also when another cannot be closed.
 * Thread-safe: it may be closed while parts are still being started.
 */
final class CloseStack implements AutoCloseable {
  private final Deque<Runnable> parts = new ArrayDeque<>();
  private boolean closed;

  /**
   * Takes a part that was started.
   *
   * @throws IllegalStateException when this is closed; the part is closed then too
   */
  synchronized void push(Runnable close) {
    if (closed) {
      close.run();
      throw new IllegalStateException("told to stop while starting");
    }
    parts.push(close);
  }

  /** Throws the first failure, with the others suppressed in it; closes nothing twice. */
  @Override
  public synchronized void close() {
    closed = true;
    RuntimeException failure = null;
    while (!parts.isEmpty()) {
      try {
        parts.pop().run();
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
