package io.millrace.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DequantizerTest {
  @Test
  void shouldReadPlainFloats() {
    assertThat(read(DType.F32, "0000803f 000000c0", 2)).containsExactly(1, -2);
    assertThat(read(DType.F16, "003c 00c0 0100", 3)).containsExactly(1, -2, 0x1p-24f);
    assertThat(read(DType.BF16, "803f 00c0", 2)).containsExactly(1, -2);
  }

  @Test
  void shouldScaleSignedBytes() {
    float[] block = read(DType.Q8_0, "0038" + "80" + "7f" + "00".repeat(29) + "ff", 32);

    assertThat(block).startsWith(-64, 63.5f, 0).endsWith(0, -0.5f);
  }

  @Test
  void shouldSplitNibblesIntoHalvesOfABlock() {
    float[] block = read(DType.Q4_0, "0040" + "f0" + "88".repeat(14) + "19", 32);

    assertThat(block[0]).isEqualTo(-16);
    assertThat(block[16]).isEqualTo(14);
    assertThat(block[15]).isEqualTo(2);
    assertThat(block[31]).isEqualTo(-14);
    assertThat(block[7]).isZero();
  }

  /** Random blocks, and what ggml's own Python package makes of them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS"
      })
  void shouldReadBlocksAsGgmlDoes(String type) throws IOException {
    JsonNode vector =
        new ObjectMapper().readTree(getClass().getResourceAsStream("ggml-blocks.json")).get(type);
    ByteBuffer values =
        ByteBuffer.wrap(vector.get("values").binaryValue()).order(ByteOrder.LITTLE_ENDIAN);
    float[] expected = new float[values.remaining() / Float.BYTES];
    values.asFloatBuffer().get(expected);

    float[] found = read(DType.valueOf(type), vector.get("blocks").textValue(), expected.length);

    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).as("element %d", i).isEqualTo(expected[i]);
    }
  }

  @Test
  void shouldReadFromTheMiddle() {
    float[] last = new float[1];

    Dequantizer.read(DType.BF16, bytes("803f 00c0"), 1, last);

    assertThat(last).containsExactly(-2);
  }

  @Test
  void shouldRefuseBrokenBlocks() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Dequantizer.read(DType.Q8_0, bytes("00".repeat(68)), 16, new float[32]));
    assertThatThrownBy(() -> Dequantizer.read(DType.Q8_0, bytes("00".repeat(33)), 0, new float[32]))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  private static float[] read(DType dtype, String hex, int count) {
    float[] into = new float[count];
    Dequantizer.read(dtype, bytes(hex), 0, into);
    return into;
  }

  private static MemorySegment bytes(String hex) {
    return MemorySegment.ofArray(HexFormat.of().parseHex(hex.replace(" ", "")));
  }
}
