package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputLinesTest {
  @Test
  void shouldReadLinesWithAnyEnd() throws IOException {
    assertThat(lines("a\nb\r\n c \nd")).containsExactly("a", "b", " c ", "d");
    assertThat(lines("a\n")).containsExactly("a");
    assertThat(lines("")).isEmpty();
  }

  @Test
  void shouldSkipBlankLines() throws IOException {
    assertThat(lines("\n\r\n \t\na\n\n")).containsExactly("a");
  }

  @Test
  void shouldLeaveOutTheByteOrderMarkOfTheFirstLine() throws IOException {
    assertThat(lines("\ufeffa\n\ufeffb")).containsExactly("a", "\ufeffb");
    assertThat(lines("\ufeff")).isEmpty();
  }

  @Test
  void shouldCountBlankLinesToo() throws IOException {
    InputLines lines = new InputLines(new ByteArrayInputStream("\n\na".getBytes(UTF_8)), 10);

    lines.next();

    assertThat(lines.number()).isEqualTo(3);
  }

  @Test
  void shouldBoundTheLength() throws IOException {
    assertThat(lines("0123456789\n")).containsExactly("0123456789");
    assertThatIOException()
        .isThrownBy(() -> lines("a\n01234567890\n"))
        .withMessageContaining("line 2 is longer than 10 bytes");
  }

  private static List<String> lines(String text) throws IOException {
    List<String> read = new ArrayList<>();
    try (InputLines lines = new InputLines(new ByteArrayInputStream(text.getBytes(UTF_8)), 10)) {
      for (var line = lines.next(); line.isPresent(); line = lines.next()) {
        read.add(new String(line.get(), UTF_8));
      }
    }
    return read;
  }
}
