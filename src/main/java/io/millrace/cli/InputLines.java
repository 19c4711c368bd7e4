package io.millrace.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * The lines of a file or of standard input, one at a time, as bytes. Ends of lines ({@code \n} or
 * {@code \r\n}) and a byte order mark are left out; blank lines are skipped.
 */
final class InputLines implements AutoCloseable {
  private static final int BUFFER = 64 * 1024;
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private final InputStream in;
  private final int maxBytes;
  private long number;

  /**
   * @param maxBytes longest line
   */
  InputLines(InputStream in, int maxBytes) {
    this.in = new BufferedInputStream(in, BUFFER);
    this.maxBytes = maxBytes;
  }

  /** Number of the line that was read last, from 1. */
  long number() {
    return number;
  }

  /**
   * The next line that is not blank; empty at the end.
   *
   * @throws IOException when it cannot be read, or a line is too long
   */
  Optional<byte[]> next() throws IOException {
    while (true) {
      int first = in.read();
      if (first < 0) {
        return Optional.empty();
      }
      byte[] line = line(first);
      if (!isBlank(line)) {
        return Optional.of(line);
      }
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private byte[] line(int first) throws IOException {
    number++;
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = first; next >= 0 && next != '\n'; next = in.read()) {
      if (line.size() == maxBytes) {
        throw new IOException(
            "line %d is longer than %d bytes; a prompt is one line".formatted(number, maxBytes));
      }
      line.write(next);
    }
    byte[] bytes = line.toByteArray();
    int end = bytes.length;
    if (end > 0 && bytes[end - 1] == '\r') {
      end--;
    }
    int start = number == 1 && isMarked(bytes) ? BYTE_ORDER_MARK.length : 0;
    return Arrays.copyOfRange(bytes, start, end);
  }

  private static boolean isMarked(byte[] line) {
    int length = BYTE_ORDER_MARK.length;
    return line.length >= length && Arrays.equals(line, 0, length, BYTE_ORDER_MARK, 0, length);
  }

  private static boolean isBlank(byte[] line) {
    for (byte character : line) {
      if (character != ' ' && character != '\t') {
        return false;
      }
    }
    return true;
  }
}
