package io.millrace.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** Text from standard input or a file, exactly as it stands there. */
final class Utf8Input {
  private Utf8Input() {}

  /**
   * All of the text, untrimmed.
   *
   * @param source what it is, for the error message
   * @throws IllegalArgumentException when it is not valid UTF-8
   */
  static String readAll(InputStream in, String source) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(in.readAllBytes());
    CharBuffer text = CharBuffer.allocate(bytes.remaining());
    CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    CoderResult result = utf8.decode(bytes, text, true);
    if (result.isError()) {
      throw new IllegalArgumentException(
          "%s is not valid UTF-8: byte %02x at offset %d"
              .formatted(source, bytes.get(bytes.position()), bytes.position()));
    }
    return text.flip().toString();
  }
}
