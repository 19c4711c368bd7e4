package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;
import static io.millrace.cpu.Lanes.I;
import static io.millrace.cpu.Lanes.LE;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import io.millrace.tensor.DType;
import io.millrace.tensor.Quantizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Keys and values in {@code Q8_0}. Four quants that follow each other down a column of what the
 * kernels read share a word, the first in its low byte: a vector of words is four vectors. The keys
 * of a block are words {@code [headDim / 4, PAGE_TOKENS]}, then scales {@code [headDim / 32,
 * PAGE_TOKENS]}; its values words {@code [PAGE_TOKENS / 4, headDim]}, then scales {@code
 * [PAGE_TOKENS, headDim / 32]}.
 */
final class ByteKvCache extends CpuKvCache {
  private static final int BLOCK = Quantizer.BLOCK;
  private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LE);

  private final int headDim;
  private final long keyBytes;

  /** Bytes of the quants before their scales, of keys as of values. */
  private final int quantBytes;

  ByteKvCache(Shape shape, int pages) {
    super(shape, pages, DType.Q8_0);
    this.headDim = shape.headDim();
    this.keyBytes = keyBytes(headDim, DType.Q8_0);
    this.quantBytes = headDim * PAGE_TOKENS;
  }

  @Override
  void putKey(long block, int slot, float[] from, int at) {
    for (int first = 0; first < headDim; first += BLOCK) {
      float scale = Quantizer.scale(from, at + first);
      putScale(block + quantBytes, first / BLOCK * PAGE_TOKENS + slot, scale);
      for (int i = first; i < first + BLOCK; i++) {
        putQuant(block, i, slot, PAGE_TOKENS, Quantizer.quant(from[at + i], scale));
      }
    }
  }

  @Override
  void putValue(long block, int slot, float[] from, int at) {
    long values = block + keyBytes;
    for (int first = 0; first < headDim; first += BLOCK) {
      float scale = Quantizer.scale(from, at + first);
      putScale(values + quantBytes, (slot * headDim + first) / BLOCK, scale);
      for (int i = first; i < first + BLOCK; i++) {
        putQuant(values, slot, i, headDim, Quantizer.quant(from[at + i], scale));
      }
    }
  }

  private void putScale(long scales, int index, float scale) {
    memory().set(HALF, scales + (long) index * Short.BYTES, Float.floatToFloat16(scale));
  }

  private void putQuant(long words, int row, int col, int cols, byte quant) {
    long word = words + ((long) row / 4 * cols + col) * Integer.BYTES;
    memory().set(ValueLayout.JAVA_BYTE, word + row % 4, quant);
  }

  @Override
  MemorySegment readable(MemorySegment scratch) {
    return scratch;
  }

  @Override
  long keys(long block, MemorySegment scratch) {
    for (int first = 0; first < headDim; first += BLOCK) {
      long scales = block + quantBytes + (long) first / BLOCK * PAGE_TOKENS * Short.BYTES;
      for (int position = 0; position < PAGE_TOKENS; position += Lanes.COUNT) {
        FloatVector scale = Lanes.halvesOrNan(memory(), scales + (long) position * Short.BYTES);
        for (int row = first; row < first + BLOCK; row += 4) {
          expand(memory(), block, row, position, PAGE_TOKENS, scale, scale, scale, scale, scratch);
        }
      }
    }
    return 0;
  }

  @Override
  long values(long block, MemorySegment scratch) {
    long values = block + keyBytes;
    long scales = values + quantBytes;
    for (int row = 0; row < PAGE_TOKENS; row += 4) {
      for (int col = 0; col < headDim; col += Lanes.COUNT) {
        expand(
            memory(),
            values,
            row,
            col,
            headDim,
            scale(scales, row, col),
            scale(scales, row + 1, col),
            scale(scales, row + 2, col),
            scale(scales, row + 3, col),
            scratch);
      }
    }
    return 0;
  }

  private FloatVector scale(long scales, int row, int col) {
    long index = ((long) row * headDim + col) / BLOCK;
    return FloatVector.broadcast(
        F, Float.float16ToFloat(memory().get(HALF, scales + index * Short.BYTES)));
  }

  /** Four rows of a vector of columns. */
  private static void expand(
      MemorySegment from,
      long words,
      int row,
      int col,
      int cols,
      FloatVector a,
      FloatVector b,
      FloatVector c,
      FloatVector d,
      MemorySegment to) {
    long at = (long) row * cols + col;
    IntVector word =
        IntVector.fromMemorySegment(
            I, from, words + ((long) row / 4 * cols + col) * Integer.BYTES, LE);
    put(word.lanewise(LSHL, 24), a, to, at);
    put(word.lanewise(LSHL, 16), b, to, at + cols);
    put(word.lanewise(LSHL, 8), c, to, at + 2L * cols);
    put(word, d, to, at + 3L * cols);
  }

  /** The signed bytes at the top of the lanes. */
  private static void put(IntVector word, FloatVector scale, MemorySegment to, long at) {
    ((FloatVector) word.lanewise(ASHR, 24).convert(I2F, 0))
        .mul(scale)
        .intoMemorySegment(to, at * Float.BYTES, LE);
  }
}
