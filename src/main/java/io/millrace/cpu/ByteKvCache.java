package io.millrace.cpu;

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

  /** Bytes of the quants before their scales, of keys as of values. */
  private final int quantBytes;

  ByteKvCache(Shape shape, int pages) {
    super(shape, pages, DType.Q8_0);
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
        long words = block + ((long) first / 4 * PAGE_TOKENS + position) * Integer.BYTES;
        long to = ((long) first * PAGE_TOKENS + position) * Float.BYTES;
        expandKeys(memory(), words, scales + (long) position * Short.BYTES, scratch, to);
      }
    }
    return 0;
  }

  /** A span of the head, for a vector of positions with a scale each. */
  private static void expandKeys(
      MemorySegment from, long words, long scales, MemorySegment to, long at) {
    FloatVector scale = Lanes.halvesOrNan(from, scales);
    for (int row = 0; row < BLOCK; row += 4) {
      IntVector word =
          IntVector.fromMemorySegment(
              I, from, words + (long) row / 4 * PAGE_TOKENS * Integer.BYTES, LE);
      long out = at + (long) row * PAGE_TOKENS * Float.BYTES;
      ((FloatVector) word.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoMemorySegment(to, out, LE);
      ((FloatVector) word.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoMemorySegment(to, out + PAGE_TOKENS * Float.BYTES, LE);
      ((FloatVector) word.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoMemorySegment(to, out + 2 * PAGE_TOKENS * Float.BYTES, LE);
      ((FloatVector) word.lanewise(ASHR, 24).convert(I2F, 0))
          .mul(scale)
          .intoMemorySegment(to, out + 3 * PAGE_TOKENS * Float.BYTES, LE);
    }
  }

  @Override
  long values(long block, MemorySegment scratch) {
    long values = block + keyBytes;
    long scales = values + quantBytes;
    for (int row = 0; row < PAGE_TOKENS; row += 4) {
      for (int first = 0; first < headDim; first += BLOCK) {
        expandValues(
            memory(),
            values + ((long) row / 4 * headDim + first) * Integer.BYTES,
            scale(scales, row, first),
            scale(scales, row + 1, first),
            scale(scales, row + 2, first),
            scale(scales, row + 3, first),
            scratch,
            ((long) row * headDim + first) * Float.BYTES,
            (long) headDim * Float.BYTES);
      }
    }
    return 0;
  }

  private float scale(long scales, int row, int first) {
    long index = ((long) row * headDim + first) / BLOCK;
    return Float.float16ToFloat(memory().get(HALF, scales + index * Short.BYTES));
  }

  /** A span of the head for four positions, each with its scale. */
  private static void expandValues(
      MemorySegment from,
      long words,
      float a,
      float b,
      float c,
      float d,
      MemorySegment to,
      long at,
      long stride) {
    for (int col = 0; col < BLOCK; col += Lanes.COUNT) {
      IntVector word = IntVector.fromMemorySegment(I, from, words + (long) col * Integer.BYTES, LE);
      long out = at + (long) col * Float.BYTES;
      ((FloatVector) word.lanewise(LSHL, 24).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(a)
          .intoMemorySegment(to, out, LE);
      ((FloatVector) word.lanewise(LSHL, 16).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(b)
          .intoMemorySegment(to, out + stride, LE);
      ((FloatVector) word.lanewise(LSHL, 8).lanewise(ASHR, 24).convert(I2F, 0))
          .mul(c)
          .intoMemorySegment(to, out + 2 * stride, LE);
      ((FloatVector) word.lanewise(ASHR, 24).convert(I2F, 0))
          .mul(d)
          .intoMemorySegment(to, out + 3 * stride, LE);
    }
  }
}
