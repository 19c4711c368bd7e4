package io.millrace.metal.objc;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Pages of memory, of which the system maps files: 16 KiB on Apple silicon. */
@SuppressWarnings("restricted") // native access is what this package is for
public final class SystemPages {
  private static final long SIZE = size();

  private SystemPages() {}

  private static long size() {
    try {
      MemorySegment function = Linker.nativeLinker().defaultLookup().findOrThrow("getpagesize");
      return (int)
          Linker.nativeLinker()
              .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT))
              .invokeExact();
    } catch (Throwable e) {
      throw new AssertionError("getpagesize is a function of every Unix", e);
    }
  }

  /** Bytes from the beginning of its first page to the segment. */
  public static long offsetIn(MemorySegment mapped) {
    return mapped.address() % SIZE;
  }

  /**
   * The whole pages that a mapped part of a file stands on. The system maps whole pages, so the
   * first and the last are there in full.
   */
  static MemorySegment around(MemorySegment mapped) {
    long offset = offsetIn(mapped);
    long length = Math.ceilDiv(offset + mapped.byteSize(), SIZE) * SIZE;
    return MemorySegment.ofAddress(mapped.address() - offset).reinterpret(length);
  }
}
