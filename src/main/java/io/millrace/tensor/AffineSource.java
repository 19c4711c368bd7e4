package io.millrace.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A weight in affine quantization, of which a checkpoint has three tensors; {@link #map} brings
 * them together, block by block.
 *
 * @param quants {@code [rows, cols · bits / 8]} bytes
 * @param scales {@code [rows, cols / groupSize]} elements of {@code dtype.scales()}
 * @param biases as many
 */
public record AffineSource(
    String name, AffineType dtype, int rows, int cols, Part quants, Part scales, Part biases)
    implements TensorSource {

  /** The bytes of one of the three tensors. */
  @FunctionalInterface
  public interface Part {
    /**
     * As {@link TensorSource#map}.
     *
     * @throws java.io.UncheckedIOException when the file cannot be read
     */
    MemorySegment map(Arena arena);
  }

  /** The tensor as blocks: a copy. */
  @Override
  public MemorySegment map(Arena arena) {
    MemorySegment blocks = arena.allocate(bytes());
    try (Arena mapping = Arena.ofShared()) {
      MemorySegment q = quants.map(mapping);
      MemorySegment s = scales.map(mapping);
      MemorySegment b = biases.map(mapping);
      interleave(q, s, b, blocks);
    }
    return blocks.asReadOnly();
  }

  private void interleave(MemorySegment q, MemorySegment s, MemorySegment b, MemorySegment blocks) {
    int scaleBytes = dtype.scales().blockBytes();
    int quantBytes = dtype.quantBytes();
    long groups = (long) rows * cols / dtype.groupSize();
    long to = 0;
    for (long group = 0; group < groups; group++) {
      MemorySegment.copy(s, group * scaleBytes, blocks, to, scaleBytes);
      MemorySegment.copy(b, group * scaleBytes, blocks, to + scaleBytes, scaleBytes);
      MemorySegment.copy(q, group * quantBytes, blocks, to + 2L * scaleBytes, quantBytes);
      to += dtype.blockBytes();
    }
  }
}
