package io.millrace.engine.grammar;

import java.util.stream.IntStream;

/** A set of byte values. Immutable. */
final class ByteSet {
  /** Every byte value. */
  static final ByteSet ALL = range(0, 255);

  private final long[] bits;

  private ByteSet(long[] bits) {
    this.bits = bits;
  }

  /** The values from {@code from} to {@code to}, both included. */
  static ByteSet range(int from, int to) {
    long[] bits = new long[4];
    for (int value = from; value <= to; value++) {
      bits[value >> 6] |= 1L << value;
    }
    return new ByteSet(bits);
  }

  /** The characters of an ASCII text. */
  static ByteSet of(String ascii) {
    return of(ascii.chars());
  }

  /** These values, each 0 to 255. */
  static ByteSet of(IntStream values) {
    long[] bits = new long[4];
    values.forEach(value -> bits[value >> 6] |= 1L << value);
    return new ByteSet(bits);
  }

  ByteSet plus(ByteSet other) {
    long[] union = bits.clone();
    for (int i = 0; i < union.length; i++) {
      union[i] |= other.bits[i];
    }
    return new ByteSet(union);
  }

  ByteSet minus(ByteSet other) {
    long[] difference = bits.clone();
    for (int i = 0; i < difference.length; i++) {
      difference[i] &= ~other.bits[i];
    }
    return new ByteSet(difference);
  }

  /** The values that are in both. */
  ByteSet and(ByteSet other) {
    long[] both = bits.clone();
    for (int i = 0; i < both.length; i++) {
      both[i] &= other.bits[i];
    }
    return new ByteSet(both);
  }

  /**
   * @param value 0 to 255
   */
  boolean contains(int value) {
    return (bits[value >> 6] & 1L << value) != 0;
  }

  boolean isEmpty() {
    return (bits[0] | bits[1] | bits[2] | bits[3]) == 0;
  }
}
