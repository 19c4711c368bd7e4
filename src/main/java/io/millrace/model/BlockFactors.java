package io.millrace.model;

import io.millrace.tensor.DType;
import io.millrace.tensor.Dequantizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The f16 factors in a block of a quantized type, which make random bytes into weights of a wanted
 * size.
 *
 * @param scaleAt where the factor of scales stands
 * @param minimumAt where that of minimums stands, -1 where there is none
 * @param minimum what it must be, for a factor of scales of 1, so that elements are 0 in the mean
 * @param deviation of the elements then
 */
record BlockFactors(int scaleAt, int minimumAt, float minimum, double deviation) {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int SAMPLES = 64;
  private static final Map<DType, BlockFactors> MEASURED = measureAll();

  static BlockFactors of(DType dtype) {
    return MEASURED.get(dtype);
  }

  /** Writes the factors of a block whose elements shall deviate from 0 by {@code size}. */
  void write(MemorySegment bytes, long at, float size) {
    float scale = (float) (size / deviation);
    bytes.set(SHORT, at + scaleAt, Float.floatToFloat16(scale));
    if (minimumAt >= 0) {
      bytes.set(SHORT, at + minimumAt, Float.floatToFloat16(scale * minimum));
    }
  }

  private static BlockFactors places(DType dtype) {
    return switch (dtype) {
      case Q4_1 -> new BlockFactors(0, 2, -7.5f, 1);
      case Q5_1 -> new BlockFactors(0, 2, -15.5f, 1);
      case Q2_K -> new BlockFactors(80, 82, 1.5f, 1);
      case Q4_K -> new BlockFactors(0, 2, 7.5f, 1);
      case Q5_K -> new BlockFactors(0, 2, 15.5f, 1);
      case Q3_K -> new BlockFactors(108, -1, 0, 1);
      case Q6_K -> new BlockFactors(208, -1, 0, 1);
      case F32, F16, BF16, Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> new BlockFactors(0, -1, 0, 1);
    };
  }

  private static Map<DType, BlockFactors> measureAll() {
    Map<DType, BlockFactors> measured = new EnumMap<>(DType.class);
    for (DType dtype : DType.values()) {
      if (dtype.blockSize() > 1) {
        measured.put(dtype, measure(dtype));
      }
    }
    return measured;
  }

  private static BlockFactors measure(DType dtype) {
    BlockFactors unit = places(dtype);
    SplittableRandom random = new SplittableRandom(1);
    byte[] bytes = new byte[SAMPLES * dtype.blockBytes()];
    random.nextBytes(bytes);
    MemorySegment blocks = MemorySegment.ofArray(bytes);
    for (int block = 0; block < SAMPLES; block++) {
      unit.write(blocks, (long) block * dtype.blockBytes(), 1);
    }
    float[] elements = new float[SAMPLES * dtype.blockSize()];
    Dequantizer.read(dtype, blocks, 0, elements);
    double squares = 0;
    for (float element : elements) {
      squares += (double) element * element;
    }
    double deviation = Math.sqrt(squares / elements.length);
    return new BlockFactors(unit.scaleAt, unit.minimumAt, unit.minimum, deviation);
  }
}
