package io.millrace.engine.grammar;

import static io.millrace.engine.grammar.Terminal.NONE;
import static io.millrace.engine.grammar.Terminal.WHOLE;

import java.util.stream.IntStream;

/**
 * Characters in UTF-8 (RFC 3629), byte by byte. A position says which bytes may follow: it is
 * {@link Terminal#WHOLE} before and after a character.
 */
final class Utf8 {
  private static final int ONE_LEFT = 1;
  private static final int TWO_LEFT = 2;
  private static final int THREE_LEFT = 3;
  private static final int AFTER_E0 = 4;
  private static final int AFTER_ED = 5;
  private static final int AFTER_F0 = 6;
  private static final int AFTER_F4 = 7;
  private static final int POSITIONS = 8;

  private static final ByteSet[][] ALIKE = new ByteSet[POSITIONS][256];

  static {
    for (int position = 0; position < POSITIONS; position++) {
      for (int value = 0; value < 256; value++) {
        ALIKE[position][value] = valuesTo(position, next(position, value));
      }
    }
  }

  private Utf8() {}

  /**
   * The position after one more byte, or {@link #NONE}.
   *
   * @param value 0 to 255
   */
  static int next(int position, int value) {
    return switch (position) {
      case WHOLE -> afterFirst(value);
      case AFTER_E0 -> between(0xA0, value, 0xBF, ONE_LEFT);
      // U+D800 to U+DFFF, surrogates, are no characters.
      case AFTER_ED -> between(0x80, value, 0x9F, ONE_LEFT);
      case AFTER_F0 -> between(0x90, value, 0xBF, TWO_LEFT);
      case AFTER_F4 -> between(0x80, value, 0x8F, TWO_LEFT);
      default -> between(0x80, value, 0xBF, position - 1);
    };
  }

  /** The values with the same {@link #next} as this one. */
  static ByteSet alike(int position, int value) {
    return ALIKE[position][value];
  }

  private static ByteSet valuesTo(int position, int next) {
    return ByteSet.of(IntStream.range(0, 256).filter(value -> next(position, value) == next));
  }

  private static int afterFirst(int value) {
    if (value < 0x80) {
      return WHOLE;
    }
    return switch (value) {
      case 0xE0 -> AFTER_E0;
      case 0xED -> AFTER_ED;
      case 0xF0 -> AFTER_F0;
      case 0xF4 -> AFTER_F4;
      default ->
          value <= 0xDF
              ? between(0xC2, value, 0xDF, ONE_LEFT)
              : value <= 0xEF ? TWO_LEFT : between(0xF1, value, 0xF3, THREE_LEFT);
    };
  }

  private static int between(int from, int value, int to, int position) {
    return from <= value && value <= to ? position : NONE;
  }
}
