package io.millrace.text;

import java.util.Set;

/** Text to token ids and back. Thread-safe. */
public interface Tokenizer {
  /** Token ids are {@code 0 .. vocabSize - 1}. */
  int vocabSize();

  /**
   * Token ids of {@code text}, without a beginning-of-sequence token.
   *
   * @throws IllegalArgumentException when the text is not valid Unicode (an unpaired surrogate)
   */
  int[] encode(String text, SpecialTokens specialTokens);

  /** Whether {@code text} parts that look like special tokens become them. */
  enum SpecialTokens {
    /** {@code "</s>"} in the text becomes the token: prompts that the client wrote whole. */
    PARSE,
    /** {@code "</s>"} stays four characters: contents of messages. */
    AS_TEXT
  }

  /** {@link #encodePrompt(MarkedText)} of text that the client wrote whole. */
  default int[] encodePrompt(String text) {
    return encodePrompt(MarkedText.trusted(text));
  }

  /**
   * Token ids of {@code text}, in which special tokens are parsed where it is not verbatim. The
   * beginning-of-sequence token goes in front, and the end-of-sequence token behind, when this
   * vocabulary wants one and none is there.
   *
   * @throws IllegalArgumentException when the text is not valid Unicode (an unpaired surrogate)
   */
  int[] encodePrompt(MarkedText text);

  /** Tokens after which a generation ends. */
  Set<Integer> endOfGeneration();

  /**
   * The bytes that a token adds to the text: UTF-8, possibly a part of a character; empty for
   * control tokens.
   *
   * @throws IndexOutOfBoundsException when there is no such token
   */
  byte[] bytes(int token);

  /**
   * How the vocabulary spells a token, for people: {@code "▁the"}, {@code "<0x0A>"}, {@code
   * "</s>"}.
   */
  String piece(int token);
}
