package io.millrace.cpu;

import static io.millrace.cpu.Lanes.LE;

import io.millrace.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Keys and values in the order in which the kernels read them, in f16. */
final class HalfKvCache extends CpuKvCache {
  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.LE);

  HalfKvCache(Shape shape, int pages) {
    super(shape, pages, DType.F16);
  }

  @Override
  void putKey(long block, int slot, float[] from, int at) {
    for (int i = 0; i < headDim; i++) {
      put(block + ((long) i * PAGE_TOKENS + slot) * Short.BYTES, from[at + i]);
    }
  }

  @Override
  void putValue(long block, int slot, float[] from, int at) {
    long to = block + keyBytes + (long) slot * valueStride(headDim) * Short.BYTES;
    for (int i = 0; i < headDim; i++) {
      put(to + (long) i * Short.BYTES, from[at + i]);
    }
  }

  private void put(long at, float x) {
    memory().set(HALF, at, Float.floatToFloat16(x));
  }

  @Override
  MemorySegment readable(MemorySegment scratch) {
    return scratch;
  }

  @Override
  long keys(long block, MemorySegment scratch) {
    expand(memory(), block, PAGE_TOKENS * headDim, scratch);
    return 0;
  }

  @Override
  long values(long block, MemorySegment scratch) {
    expand(memory(), block + keyBytes, PAGE_TOKENS * valueStride(headDim), scratch);
    return 0;
  }

  private static void expand(MemorySegment from, long at, int count, MemorySegment to) {
    for (int i = 0; i < count; i += Lanes.COUNT) {
      Lanes.halvesOrNan(from, at + (long) i * Short.BYTES)
          .intoMemorySegment(to, (long) i * Float.BYTES, LE);
    }
  }
}
