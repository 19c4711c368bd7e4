package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.tensor.DType;
import io.millrace.tensor.KvCache;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Keys and values, a buffer of each per layer, so that no buffer grows with the number of layers. A
 * page holds for each head its keys {@code [headDim, PAGE_TOKENS]}, or its values {@code
 * [PAGE_TOKENS, headDim]}.
 */
final class MetalKvCache implements KvCache {
  private final Shape shape;
  private final int pages;
  private final DType dtype;
  private final DeviceMemory memory;
  private final List<Buffer> keys;
  private final List<Buffer> values;

  /**
   * @param dtype F32 or F16
   */
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
    return 2 * dtype.bytes((long) PAGE_TOKENS * shape.layers() * shape.rowElements());
  }

  /** The kernel of a family that works on elements of this cache's type. */
  String kernel(String family) {
    return family + "_" + dtype.name().toLowerCase(Locale.ROOT);
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
