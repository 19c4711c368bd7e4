package io.millrace.cpu;

import io.millrace.tensor.Batch;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Keys and values off the heap. For each page, layer and key-value head there is a block. Kernels
 * read it as f32: the keys transposed, {@code [headDim, PAGE_TOKENS]}, so that a lane is a position
 * and scores need no sum across lanes; the values {@code [PAGE_TOKENS, valueStride]}, so that a
 * lane is an element of the head. A type that stores them otherwise expands a page at a time.
 */
abstract sealed class CpuKvCache implements KvCache permits FloatKvCache, HalfKvCache, ByteKvCache {
  /** Elements of a head. */
  final int headDim;

  /** Bytes of the keys of a block; its values follow. */
  final long keyBytes;

  private final Shape shape;
  private final int pages;
  private final long blockBytes;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  CpuKvCache(Shape shape, int pages, DType type) {
    this.headDim = shape.headDim();
    this.keyBytes = keyBytes(headDim, type);
    this.shape = shape;
    this.pages = pages;
    this.blockBytes = blockBytes(headDim, type);
    this.memory = OffHeap.allocate(arena, Math.multiplyExact(pageBytes(shape, type), pages));
  }

  static CpuKvCache allocate(Shape shape, int pages, DType type) {
    return switch (type) {
      case F16 -> new HalfKvCache(shape, pages);
      case Q8_0 -> new ByteKvCache(shape, pages);
      default -> new FloatKvCache(shape, pages);
    };
  }

  static long pageBytes(Shape shape, DType type) {
    return Math.multiplyExact(
        (long) shape.layers() * shape.kvHeads(), blockBytes(shape.headDim(), type));
  }

  private static long blockBytes(int headDim, DType type) {
    return keyBytes(headDim, type) + PAGE_TOKENS * type.bytes(valueStride(headDim));
  }

  private static long keyBytes(int headDim, DType type) {
    return type.bytes((long) PAGE_TOKENS * headDim);
  }

  /** Elements from the values of one position to those of the next: whole vectors. */
  static int valueStride(int headDim) {
    return Math.ceilDiv(headDim, Lanes.COUNT) * Lanes.COUNT;
  }

  /** Where a head's block in a page begins. */
  final long block(int page, int layer, int kvHead) {
    return (((long) page * shape.layers() + layer) * shape.kvHeads() + kvHead) * blockBytes;
  }

  final MemorySegment memory() {
    return memory;
  }

  /** Writes the keys and values of a token of a batch to its slot. */
  final void put(int layer, CpuActivation keys, CpuActivation values, Batch batch, int token) {
    int position = batch.positions()[token];
    int page = batch.pages()[batch.sequences()[token]][position / PAGE_TOKENS];
    int slot = position % PAGE_TOKENS;
    for (int head = 0; head < shape.kvHeads(); head++) {
      int at = head * headDim;
      long block = block(page, layer, head);
      putKey(block, slot, keys.data(), keys.at(token) + at);
      putValue(block, slot, values.data(), values.at(token) + at);
    }
  }

  abstract void putKey(long block, int slot, float[] from, int at);

  abstract void putValue(long block, int slot, float[] from, int at);

  /** The memory in which keys and values can be read as f32: this cache's own, or the scratch. */
  abstract MemorySegment readable(MemorySegment scratch);

  /** Where the keys of a block can be read, after they were brought there. */
  abstract long keys(long block, MemorySegment scratch);

  /** Where its values can be read. */
  abstract long values(long block, MemorySegment scratch);

  @Override
  public final Shape shape() {
    return shape;
  }

  @Override
  public final int pages() {
    return pages;
  }

  @Override
  public final long bytes() {
    return memory.byteSize();
  }

  @Override
  public final void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
