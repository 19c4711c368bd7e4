package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the dispatches since the last barrier read and write. The GPU runs them side by side, so one
 * that writes what another of them reads or writes has to wait for a barrier.
 */
final class Hazards {
  /**
   * Bytes of a buffer from {@code from} to before {@code end}.
   *
   * @param writer who writes them, if they are not only read; what one writer does in several
   *     dispatches does not overlap
   */
  private record Range(Buffer buffer, long from, long end, Optional<Object> writer) {
    boolean conflictsWith(Range other) {
      return buffer == other.buffer
          && from < other.end
          && other.from < end
          && !writer.equals(other.writer);
    }
  }

  private final List<Range> running = new ArrayList<>();
  private final List<Range> next = new ArrayList<>();

  /** The next dispatch uses {@code bytes} bytes of a buffer. */
  void add(Buffer buffer, long offset, long bytes, Optional<Object> writer) {
    next.add(new Range(buffer, offset, offset + bytes, writer));
  }

  /** Begins with the next dispatch. Whether a barrier must stand before it. */
  boolean begin() {
    boolean conflict = conflict();
    if (conflict) {
      running.clear();
    }
    running.addAll(next);
    next.clear();
    return conflict;
  }

  private boolean conflict() {
    for (Range range : next) {
      for (Range other : running) {
        if (range.conflictsWith(other)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Nothing runs any more. */
  void clear() {
    running.clear();
    next.clear();
  }
}
