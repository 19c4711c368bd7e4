package io.millrace.cpu;

import io.millrace.tensor.KvCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Keys and values off the heap. For each page, layer and key-value head there is a block: the keys
 * transposed, {@code [headDim, PAGE_TOKENS]}, so that a lane is a position and scores need no sum
 * across lanes; then the values, {@code [PAGE_TOKENS, valueStride]}, so that a lane is an element
 * of the head.
 */
final class CpuKvCache implements KvCache {
  private final Shape shape;
  private final int pages;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  CpuKvCache(Shape shape, int pages) {
    this.shape = shape;
    this.pages = pages;
    this.memory = OffHeap.allocate(arena, Math.multiplyExact(pageBytes(shape), pages));
  }

  static long pageBytes(Shape shape) {
    return Math.multiplyExact((long) shape.layers() * shape.kvHeads(), blockBytes(shape.headDim()));
  }

  private static long blockBytes(int headDim) {
    return (long) PAGE_TOKENS * (headDim + valueStride(headDim)) * Float.BYTES;
  }

  /** Floats from the values of one position to those of the next: whole vectors. */
  static int valueStride(int headDim) {
    return Math.ceilDiv(headDim, Lanes.COUNT) * Lanes.COUNT;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  MemorySegment memory() {
    return memory;
  }

  /** Where the keys of a head in a page begin. */
  long keys(int page, int layer, int kvHead) {
    long block = ((long) page * shape.layers() + layer) * shape.kvHeads() + kvHead;
    return block * blockBytes(shape.headDim());
  }

  /** Where its values begin. */
  long values(int page, int layer, int kvHead) {
    return keys(page, layer, kvHead) + (long) PAGE_TOKENS * shape.headDim() * Float.BYTES;
  }
}
