package io.millrace.text;

/** What every tokenizer asks of a text. */
final class UnicodeText {
  private UnicodeText() {}

  /**
   * Checks that surrogates come in pairs: others have no UTF-8.
   *
   * @throws IllegalArgumentException when one is alone
   */
  static void require(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new IllegalArgumentException(
            "the text has an unpaired surrogate, \\u%04x, at UTF-16 position %d"
                .formatted((int) c, i));
      }
    }
  }
}
