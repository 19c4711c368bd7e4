package io.millrace.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory for weights, keys and values: zeroed, aligned, outside the Java heap. */
final class OffHeap {
  /** A cache line. */
  private static final long ALIGNMENT = 64;

  private OffHeap() {}

  /** {@code bytes} bytes until {@code arena} is closed. */
  static MemorySegment allocate(Arena arena, long bytes) {
    return arena.allocate(bytes, ALIGNMENT);
  }
}
