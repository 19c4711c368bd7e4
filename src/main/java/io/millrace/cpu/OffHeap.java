package io.millrace.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory for weights, keys and values: zeroed, aligned, outside the Java heap. From {@code calloc},
 * because an arena's own memory is zeroed by writing to all of it: here, what is not used yet takes
 * no memory, and a model's gigabytes are touched first by the threads that fill them.
 */
@SuppressWarnings("restricted") // calls C, which nobody can check
final class OffHeap {
  /** A cache line. */
  private static final long ALIGNMENT = 64;

  /** A huge page of x86-64 and of most arm64 kernels: below it there is nothing to gain. */
  private static final long HUGE_PAGE = 2 << 20;

  private static final long PAGE = 4096;

  /** Linux's advice to back memory with huge pages: reading weights is a walk over all of them. */
  private static final int MADV_HUGEPAGE = 14;

  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  private static final MethodHandle CALLOC =
      function("calloc", FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ADDRESS));
  private static final MethodHandle MADVISE =
      function("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  private OffHeap() {}

  /**
   * {@code bytes} bytes until {@code arena} is closed.
   *
   * @throws OutOfMemoryError when the system has no more
   */
  static MemorySegment allocate(Arena arena, long bytes) {
    MemorySegment raw = calloc(Math.addExact(bytes, ALIGNMENT));
    if (raw.address() == 0) {
      throw new OutOfMemoryError("the system has no %,d bytes of memory".formatted(bytes));
    }
    MemorySegment memory =
        raw.reinterpret(bytes + ALIGNMENT, arena, OffHeap::free)
            .asSlice(-raw.address() & ALIGNMENT - 1, bytes);
    if (LINUX && bytes >= HUGE_PAGE) {
      adviseHugePages(memory);
    }
    return memory;
  }

  /** Advice only: that it is not taken changes nothing but speed. */
  private static void adviseHugePages(MemorySegment memory) {
    long skipped = -memory.address() & PAGE - 1;
    try {
      int _ =
          (int)
              MADVISE.invokeExact(
                  memory.asSlice(skipped), memory.byteSize() - skipped & -PAGE, MADV_HUGEPAGE);
    } catch (Throwable thrown) {
      throw new AssertionError(thrown);
    }
  }

  private static MemorySegment calloc(long bytes) {
    try {
      return (MemorySegment) CALLOC.invokeExact(1L, bytes);
    } catch (Throwable thrown) {
      throw new AssertionError(thrown);
    }
  }

  private static void free(MemorySegment memory) {
    try {
      FREE.invokeExact(memory);
    } catch (Throwable thrown) {
      throw new AssertionError(thrown);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }
}
