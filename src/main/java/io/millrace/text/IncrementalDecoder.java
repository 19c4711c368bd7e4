package io.millrace.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns token ids into text as they come. A character whose bytes are spread over tokens appears
 * when its last byte has come. Bytes that are not UTF-8 become U+FFFD as Java decodes them, so that
 * all texts together are what decoding all bytes at once gives. Not thread-safe.
 */
public final class IncrementalDecoder {
  private final Tokenizer tokenizer;
  private final CharsetDecoder utf8 =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);

  /** The beginning of a character that is not whole yet: at most three bytes. */
  private byte[] pending = {};

  public IncrementalDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * The text that is whole with this token; may be empty.
   *
   * @throws IndexOutOfBoundsException when there is no such token
   */
  public String add(int token) {
    return decode(tokenizer.bytes(token), false);
  }

  /** The end of the text: U+FFFD for a character that stayed incomplete, else nothing. */
  public String flush() {
    return decode(new byte[0], true);
  }

  private String decode(byte[] bytes, boolean end) {
    ByteBuffer in =
        ByteBuffer.allocate(pending.length + bytes.length).put(pending).put(bytes).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining());
    utf8.decode(in, out, end);
    if (end) {
      utf8.flush(out);
      utf8.reset();
    }
    pending = new byte[in.remaining()];
    in.get(pending);
    return out.flip().toString();
  }
}
