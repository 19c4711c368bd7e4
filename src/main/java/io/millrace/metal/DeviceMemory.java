package io.millrace.metal;

import io.millrace.metal.objc.Buffer;
import io.millrace.metal.objc.Device;
import io.millrace.metal.objc.ResidencySet;
import io.millrace.metal.objc.SystemPages;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The memory that a backend has on the GPU. It never grows beyond what the system recommends: past
 * that, Macs slow down, end the process, or panic.
 */
final class DeviceMemory implements AutoCloseable {
  private final Device device;
  private final long limit;
  private final List<Arena> mappings = new ArrayList<>();
  private final Map<Buffer, Long> buffers = new HashMap<>();
  private final Optional<ResidencySet> residency;
  private boolean residencyChanged;
  private long used;

  DeviceMemory(Device device) {
    this.device = device;
    this.limit = device.recommendedWorkingSet();
    this.residency = device.newResidencySet();
  }

  /** Bytes that it may have in all. */
  long limit() {
    return limit;
  }

  /** Bytes that are left. */
  long available() {
    return limit - used;
  }

  /**
   * Refuses what does not fit, before any of it is allocated.
   *
   * @throws IllegalArgumentException when less than {@code bytes} are left
   */
  void require(String what, long bytes) {
    if (bytes > available()) {
      throw new IllegalArgumentException(
          "%s needs %,d bytes; of the %,d that the GPU can use, %,d are taken: take a smaller model, fewer slots or less --memory"
              .formatted(what, bytes, limit, used));
    }
  }

  /** A buffer, whose content is undefined. */
  Buffer allocate(String what, long bytes) {
    require(what, bytes);
    if (bytes > device.maxBufferLength()) {
      throw new IllegalArgumentException(
          "%s needs a buffer of %,d bytes, the GPU allows %,d for one"
              .formatted(what, bytes, device.maxBufferLength()));
    }
    return count(device.newBuffer(bytes), bytes);
  }

  private Buffer count(Buffer buffer, long bytes) {
    buffers.put(buffer, bytes);
    used += bytes;
    residency.ifPresent(set -> set.add(buffer));
    residencyChanged = true;
    return buffer;
  }

  void free(Buffer buffer) {
    Long bytes = buffers.remove(buffer);
    if (bytes != null) {
      used -= bytes;
      residency.ifPresent(set -> set.remove(buffer));
      residencyChanged = true;
      buffer.close();
    }
  }

  /**
   * Asks the system to keep what is allocated in the GPU's memory, where it can be asked: between
   * two steps it might otherwise take pages away.
   */
  void makeResident() {
    if (residencyChanged) {
      residency.ifPresent(ResidencySet::commit);
      residencyChanged = false;
    }
  }

  /**
   * Brings a weight to the GPU: the pages of a mapped file are used as they are, anything else is
   * copied. Each mapped weight is a view of its own; views of neighbours share a page of the file.
   */
  MetalWeight load(TensorSource source) {
    WeightType dtype = source.dtype();
    Arena mapping = Arena.ofShared();
    try {
      MemorySegment bytes = source.map(mapping);
      long offset = SystemPages.offsetIn(bytes);
      int alignment = dtype.blockBytes() % Float.BYTES == 0 ? Float.BYTES : Short.BYTES;
      String what = "tensor " + source.name();
      if (!bytes.isMapped() || offset % alignment != 0) {
        Buffer copy = allocate(what, bytes.byteSize());
        copy.contents().copyFrom(bytes);
        mapping.close();
        return new MetalWeight(dtype, source.rows(), source.cols(), copy, 0);
      }
      require(what, bytes.byteSize());
      Buffer view = count(device.newBufferOver(bytes), bytes.byteSize());
      mappings.add(mapping);
      return new MetalWeight(dtype, source.rows(), source.cols(), view, offset);
    } catch (RuntimeException e) {
      mapping.close();
      throw e;
    }
  }

  @Override
  public void close() {
    residency.ifPresent(ResidencySet::close);
    buffers.keySet().forEach(Buffer::close);
    buffers.clear();
    mappings.forEach(Arena::close);
    mappings.clear();
  }
}
