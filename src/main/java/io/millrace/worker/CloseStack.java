package io.millrace.worker;

import java.util.ArrayDeque;
import java.util.Deque;

/** Closes parts in the opposite order of their start, each also when another cannot be closed. */
final class CloseStack implements AutoCloseable {
  private final Deque<Runnable> parts = new ArrayDeque<>();

  void push(Runnable close) {
    parts.push(close);
  }

  /** Throws the first failure, with the others suppressed in it; closes nothing twice. */
  @Override
  public void close() {
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
