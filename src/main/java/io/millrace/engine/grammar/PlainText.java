package io.millrace.engine.grammar;

/** Text that a JSON string holds as it is: no quote, no backslash, no control character. */
final class PlainText {
  /** Bytes with which its characters begin. */
  static final ByteSet FIRSTS =
      ByteSet.range(0x20, 0x7F).minus(ByteSet.of("\"\\")).plus(ByteSet.range(0xC2, 0xF4));

  private PlainText() {}

  /** How many characters these bytes are; 0 when they are not whole ones, or not plain. */
  static int characters(byte[] utf8) {
    int characters = 0;
    int position = Terminal.WHOLE;
    for (byte signed : utf8) {
      int value = signed & 0xFF;
      if (position == Terminal.WHOLE && !FIRSTS.contains(value)) {
        return 0;
      }
      position = Utf8.next(position, value);
      if (position == Terminal.NONE) {
        return 0;
      }
      characters += position == Terminal.WHOLE ? 1 : 0;
    }
    return position == Terminal.WHOLE ? characters : 0;
  }
}
