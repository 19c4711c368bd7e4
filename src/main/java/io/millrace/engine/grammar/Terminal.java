package io.millrace.engine.grammar;

/** A symbol that takes bytes itself. */
abstract sealed class Terminal extends Symbol {
  /** The position before the first byte of a symbol, and after its last. */
  static final int WHOLE = 0;

  /** Instead of a position, when a byte does not fit. */
  static final int NONE = -1;

  /**
   * The position after one more byte, {@link #WHOLE} after the last, or {@link #NONE}.
   *
   * @param value 0 to 255
   */
  abstract int next(int position, int value);

  /** The values with the same {@link #next} as this one. */
  abstract ByteSet alike(int position, int value);

  /** One byte. */
  static final class OneByte extends Terminal {
    private final ByteSet values;
    private final ByteSet others;

    OneByte(ByteSet values) {
      this.values = values;
      this.others = ByteSet.ALL.minus(values);
    }

    @Override
    int next(int position, int value) {
      return values.contains(value) ? WHOLE : NONE;
    }

    @Override
    ByteSet alike(int position, int value) {
      return values.contains(value) ? values : others;
    }

    @Override
    int depthOfParts() {
      return values.isEmpty() ? NO_TEXT : 0;
    }
  }

  /** One character in UTF-8. */
  static final class OneCharacter extends Terminal {
    private final ByteSet firsts;
    private final ByteSet others;

    /**
     * @param firsts bytes with which it may begin
     */
    OneCharacter(ByteSet firsts) {
      this.firsts = firsts;
      this.others = ByteSet.ALL.minus(firsts);
    }

    @Override
    int next(int position, int value) {
      return position == WHOLE && others.contains(value) ? NONE : Utf8.next(position, value);
    }

    @Override
    ByteSet alike(int position, int value) {
      if (position == WHOLE && others.contains(value)) {
        return others;
      }
      ByteSet alike = Utf8.alike(position, value);
      return position == WHOLE ? alike.and(firsts) : alike;
    }

    @Override
    int depthOfParts() {
      return firsts.isEmpty() ? NO_TEXT : 0;
    }
  }

  /** These bytes, at least one. */
  static final class Literal extends Terminal {
    private final byte[] bytes;

    Literal(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    int next(int position, int value) {
      if ((bytes[position] & 0xFF) != value) {
        return NONE;
      }
      return position + 1 == bytes.length ? WHOLE : position + 1;
    }

    @Override
    ByteSet alike(int position, int value) {
      int expected = bytes[position] & 0xFF;
      ByteSet fits = ByteSet.range(expected, expected);
      return value == expected ? fits : ByteSet.ALL.minus(fits);
    }

    @Override
    int depthOfParts() {
      return 0;
    }
  }
}
