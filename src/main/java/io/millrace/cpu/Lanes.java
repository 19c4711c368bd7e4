package io.millrace.cpu;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shape of this machine, in constants: the compiler turns vector code into instructions
 * only when it knows the species. 128 to 512 bits, so that {@link #COUNT} divides {@link
 * Panels#ROWS}.
 */
final class Lanes {
  private static final VectorShape SHAPE =
      VectorShape.forBitSize(Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512));

  /** Floats. */
  static final VectorSpecies<Float> F = VectorSpecies.of(float.class, SHAPE);

  /** As many ints. */
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, SHAPE);

  /** As many shorts, in half a vector. */
  static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));

  /** As many bytes, or more where a vector of bytes cannot be that short. */
  static final VectorSpecies<Byte> B =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / Float.BYTES)));

  /** Lanes of a vector of floats. */
  static final int COUNT = F.length();

  /** What no finite f16 reaches. */
  private static final float HALF_LIMIT = 65_536;

  /** Everything off the heap is little-endian, as the checkpoints are. */
  static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  private Lanes() {}

  /** The f16 numbers at {@code at}, exactly. */
  static FloatVector halves(MemorySegment memory, long at) {
    return ((IntVector) ShortVector.fromMemorySegment(S, memory, at, LE).convertShape(S2I, I, 0))
        .lanewise(LSHL, HalfPanels.F16_SHIFT)
        .and(HalfPanels.F16_MASK)
        .reinterpretAsFloats()
        .mul(HalfPanels.F16_FACTOR);
  }

  /** The f16 numbers at {@code at}, those that are not finite as NaN. */
  static FloatVector halvesOrNan(MemorySegment memory, long at) {
    FloatVector halves = halves(memory, at);
    // An exponent of all ones was lifted beyond the largest f16.
    return halves.blend(Float.NaN, halves.abs().compare(GE, HALF_LIMIT));
  }

  /** {@code count} rounded up to whole vectors of any width. */
  static int padded(int count) {
    return Math.addExact(count, Panels.ROWS - 1) / Panels.ROWS * Panels.ROWS;
  }

  /**
   * Sum of the first {@link #COUNT} elements, in order. The Vector API's own sum across lanes has
   * no defined order, and a result must not change when the compiler gets to it.
   */
  static float sum(float[] lanes) {
    float sum = 0;
    for (int lane = 0; lane < COUNT; lane++) {
      sum += lanes[lane];
    }
    return sum;
  }
}
