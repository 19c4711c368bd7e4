package io.millrace.metal.objc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;

/** {@code MTLSize}: three unsigned longs, passed by value. */
final class GridSize {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          ValueLayout.JAVA_LONG.withName("width"),
          ValueLayout.JAVA_LONG.withName("height"),
          ValueLayout.JAVA_LONG.withName("depth"));

  private final MemorySegment segment;

  /** One that can be set again and again, so that a dispatch allocates nothing. */
  GridSize(Arena arena) {
    segment = arena.allocate(LAYOUT);
  }

  MemorySegment set(long width, long height, long depth) {
    segment.setAtIndex(ValueLayout.JAVA_LONG, 0, width);
    segment.setAtIndex(ValueLayout.JAVA_LONG, 1, height);
    segment.setAtIndex(ValueLayout.JAVA_LONG, 2, depth);
    return segment;
  }
}
