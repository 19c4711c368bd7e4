package io.millrace.cpu;

import io.millrace.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Keys and values as the kernels read them. */
final class FloatKvCache extends CpuKvCache {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(Lanes.LE);

  FloatKvCache(Shape shape, int pages) {
    super(shape, pages, DType.F32);
  }

  @Override
  void putKey(long block, int slot, float[] from, int at) {
    long to = block + (long) slot * Float.BYTES;
    for (int i = 0; i < headDim; i++) {
      memory().set(FLOAT, to + (long) i * PAGE_TOKENS * Float.BYTES, from[at + i]);
    }
  }

  @Override
  void putValue(long block, int slot, float[] from, int at) {
    long to = block + keyBytes + (long) slot * valueStride(headDim) * Float.BYTES;
    MemorySegment.copy(from, at, memory(), FLOAT, to, headDim);
  }

  @Override
  MemorySegment readable(MemorySegment scratch) {
    return memory();
  }

  @Override
  long keys(long block, MemorySegment scratch) {
    return block;
  }

  @Override
  long values(long block, MemorySegment scratch) {
    return block + keyBytes;
  }
}
