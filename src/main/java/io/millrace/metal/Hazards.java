package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What the dispatches since the last barrier read and write. The GPU runs them side by side, so one
 * that writes what another of them reads or writes has to wait for a barrier.
 */
final class Hazards {
  /** Bytes of a buffer from {@code from} to before {@code end}. */
  private record Range(Buffer buffer, long from, long end, boolean written) {
    boolean conflictsWith(Range other) {
      return (written || other.written)
          && buffer == other.buffer
          && from < other.end
          && other.from < end;
    }
  }

  private final List<Range> running = new ArrayList<>();
  private final List<Range> next = new ArrayList<>();

  /** The next dispatch uses {@code bytes} bytes of a buffer. */
  void add(Buffer buffer, long offset, long bytes, boolean written) {
    next.add(new Range(buffer, offset, offset + bytes, written));
  }

  /** Begins with the next dispatch. Whether a barrier must stand before it. */
  boolean begin() {
    boolean conflict =
        next.stream().anyMatch(range -> running.stream().anyMatch(range::conflictsWith));
    if (conflict) {
      running.clear();
    }
    running.addAll(next);
    next.clear();
    return conflict;
  }

  /** Nothing runs any more. */
  void clear() {
    running.clear();
    next.clear();
  }
}
