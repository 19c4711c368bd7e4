package io.millrace.metal;

import static io.millrace.tensor.KvCache.PAGE_TOKENS;

import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import java.util.List;
import java.util.stream.Stream;

/**
 * Keys and values, a buffer of each per layer, so that no buffer grows with the number of layers.
 * {@code pages.metal} says how a page stores them.
 */
final class MetalKvCache implements KvCache {
  /** Heads are stored with zeros up to a whole number of these. */
  private static final int STRIDE = 8;

  private final Shape shape;
  private final int pages;
  private final DType dtype;
  private final DeviceMemory memory;
  private final List<Buffer> keys;
  private final List<Buffer> values;

  MetalKvCache(Shape shape, int pages, DType dtype, DeviceMemory memory) {
    this.shape = shape;
    this.pages = pages;
    this.dtype = dtype;
    this.memory = memory;
    String what = "a KV cache of %,d pages".formatted(pages);
    memory.require(what, bytes());
    keys = buffers(what);
    values = buffers(what);
  }

  private List<Buffer> buffers(String what) {
    long layerBytes = bytes() / 2 / shape.layers();
    return Stream.generate(() -> memory.allocate(what, layerBytes)).limit(shape.layers()).toList();
  }

  static long pageBytes(Shape shape, DType dtype) {
    int stored = Math.ceilDiv(shape.headDim(), STRIDE) * STRIDE;
    long heads = (long) shape.layers() * shape.kvHeads() * PAGE_TOKENS;
    return 2 * heads * dtype.bytes(stored);
  }

  /** The type of keys and values. */
  DType dtype() {
    return dtype;
  }

  Buffer keys(int layer) {
    return keys.get(layer);
  }

  Buffer values(int layer) {
    return values.get(layer);
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
    return Math.multiplyExact(pageBytes(shape, dtype), pages);
  }

  @Override
  public void close() {
    keys.forEach(memory::free);
    values.forEach(memory::free);
  }
}
