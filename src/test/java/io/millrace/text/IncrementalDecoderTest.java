package io.millrace.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IncrementalDecoderTest {
  /** Bytes that begin, continue and break characters of every length. */
  private static final int[] TELLING_BYTES = {
    'a', 0x00, 0x7f, 0x80, 0xa0, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf8, 0xff
  };

  @Test
  void shouldHoldACharacterBackUntilItsLastByte() {
    IncrementalDecoder decoder = decoder("🦙", 1);

    assertThat(decoder.add(0)).isEmpty();
    assertThat(decoder.add(1)).isEmpty();
    assertThat(decoder.add(2)).isEmpty();
    assertThat(decoder.add(3)).isEqualTo("🦙");
    assertThat(decoder.flush()).isEmpty();
  }

  @Test
  void shouldGiveAnIncompleteCharacterAsReplacementAtTheEnd() {
    IncrementalDecoder decoder = decoder("a🦙", 1);

    assertThat(decoder.add(0) + decoder.add(1) + decoder.add(2)).isEqualTo("a");
    assertThat(decoder.flush()).isEqualTo("\ufffd");
  }

  @Test
  void shouldReplaceABrokenCharacterAsSoonAsItIsKnownToBe() {
    IncrementalDecoder decoder =
        new IncrementalDecoder(
            new Bytes(List.of(new byte[] {(byte) 0xe2, (byte) 0x82}, utf8("!"))));

    assertThat(decoder.add(0)).isEmpty();
    assertThat(decoder.add(1)).isEqualTo("\ufffd!");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "plain", "träge Mühle", "안녕 🦙🦙 ", "a\0b", "\ufeffbom \uffff"})
  void shouldGiveTheTextBackHoweverItIsSplit(String text) {
    for (int size = 1; size < 7; size++) {
      assertThat(decodeAll(split(utf8(text), size))).isEqualTo(text);
    }
  }

  @Test
  void shouldDecodeAnyBytesAsDecodingThemAtOnceDoes() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      List<byte[]> tokens = new ArrayList<>();
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int token = random.nextInt(8); token >= 0; token--) {
        byte[] bytes = new byte[random.nextInt(5)];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) TELLING_BYTES[random.nextInt(TELLING_BYTES.length)];
        }
        tokens.add(bytes);
        all.writeBytes(bytes);
      }

      assertThat(decodeAll(tokens)).isEqualTo(all.toString(UTF_8));
    }
  }

  @Test
  void shouldBeginAnewAfterTheEnd() {
    IncrementalDecoder decoder = decoder("ü", 1);
    decoder.add(0);
    decoder.flush();

    assertThat(decoder.add(0) + decoder.add(1)).isEqualTo("ü");
  }

  @Test
  void shouldRefuseATokenThatThereIsNot() {
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> decoder("a", 1).add(1));
  }

  private static String decodeAll(List<byte[]> tokens) {
    IncrementalDecoder decoder = new IncrementalDecoder(new Bytes(tokens));
    StringBuilder text = new StringBuilder();
    for (int token = 0; token < tokens.size(); token++) {
      String part = decoder.add(token);
      assertThat(UTF_8.newEncoder().canEncode(part)).isTrue();
      text.append(part);
    }
    return text.append(decoder.flush()).toString();
  }

  private static IncrementalDecoder decoder(String text, int bytesPerToken) {
    return new IncrementalDecoder(new Bytes(split(utf8(text), bytesPerToken)));
  }

  private static List<byte[]> split(byte[] bytes, int size) {
    List<byte[]> parts = new ArrayList<>();
    for (int start = 0; start < bytes.length; start += size) {
      parts.add(Arrays.copyOfRange(bytes, start, Math.min(start + size, bytes.length)));
    }
    return parts;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }

  /** A vocabulary of bare bytes. */
  private record Bytes(List<byte[]> tokens) implements Tokenizer {
    @Override
    public int vocabSize() {
      return tokens.size();
    }

    @Override
    public byte[] bytes(int token) {
      return tokens.get(token);
    }

    @Override
    public int[] encode(String text, SpecialTokens specialTokens) {
      throw new UnsupportedOperationException("only decodes");
    }

    @Override
    public int[] encodePrompt(MarkedText text) {
      throw new UnsupportedOperationException("only decodes");
    }

    @Override
    public Set<Integer> endOfGeneration() {
      return Set.of();
    }

    @Override
    public String piece(int token) {
      return new String(tokens.get(token), UTF_8);
    }
  }
}
