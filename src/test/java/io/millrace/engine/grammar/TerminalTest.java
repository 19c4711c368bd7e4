package io.millrace.engine.grammar;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.grammar.Terminal.Literal;
import io.millrace.engine.grammar.Terminal.OneByte;
import io.millrace.engine.grammar.Terminal.OneCharacter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TerminalTest {
  private static final OneCharacter ANY = new OneCharacter(ByteSet.ALL);

  @Test
  void shouldReadEveryCharacterOfUnicode() {
    IntStream misread =
        IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
            .filter(character ->
                character < Character.MIN_SURROGATE || character > Character.MAX_SURROGATE)
            .filter(character -> charactersIn(Character.toString(character).getBytes(UTF_8)) != 1);

    assertThat(misread).isEmpty();
  }

  @Test
  void shouldReadWhatJavaDecodesAndNothingElse() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(1, 5)];
      random.nextBytes(bytes);
      // Continuations are rare among random bytes.
      for (int at = 1; at < bytes.length; at++) {
        bytes[at] = random.nextInt(4) > 0 ? (byte) random.nextInt(0x80, 0xC0) : bytes[at];
      }

      assertThat(charactersIn(bytes)).as(new String(bytes, ISO_8859_1)).isEqualTo(decoded(bytes));
    }
  }

  @Test
  void shouldKnowWhichBytesMakeNoDifference() {
    List<Terminal> terminals =
        List.of(
            new OneByte(ByteSet.of("abc")),
            new Literal("key".getBytes(UTF_8)),
            ANY,
            new OneCharacter(PlainText.FIRSTS));
    for (Terminal terminal : terminals) {
      int positions = terminal instanceof OneCharacter ? 8 : terminal instanceof Literal ? 3 : 1;
      for (int position = 0; position < positions; position++) {
        for (int value = 0; value < 256; value++) {
          int at = position;
          int next = terminal.next(position, value);
          ByteSet alike = terminal.alike(position, value);
          IntStream wrong =
              IntStream.range(0, 256)
                  .filter(other -> alike.contains(other) != (terminal.next(at, other) == next));

          assertThat(wrong).isEmpty();
        }
      }
    }
  }

  /** Whole characters, or -1 when there is anything else. */
  private static int charactersIn(byte[] bytes) {
    int characters = 0;
    int position = Terminal.WHOLE;
    for (byte value : bytes) {
      position = ANY.next(position, value & 0xFF);
      if (position == Terminal.NONE) {
        return -1;
      }
      characters += position == Terminal.WHOLE ? 1 : 0;
    }
    return position == Terminal.WHOLE ? characters : -1;
  }

  private static int decoded(byte[] bytes) {
    try {
      return (int) UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).codePoints().count();
    } catch (CharacterCodingException e) {
      return -1;
    }
  }
}
