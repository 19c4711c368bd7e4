package io.millrace.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AffineSourceTest {
  private static final int ROWS = 3;

  @ParameterizedTest
  @CsvSource({
    "2, 32, F16",
    "3, 64, BF16",
    "4, 64, F16",
    "4, 128, F32",
    "5, 32, F16",
    "6, 64, BF16",
    "8, 32, F32",
    "3, 128, F16",
    "5, 128, BF16",
    "6, 32, F16"
  })
  void shouldScaleAndShiftEachGroup(int bits, int groupSize, DType scaleType) {
    AffineType type = new AffineType(bits, groupSize, scaleType);
    int groups = 2;
    int cols = groups * groupSize;
    Random random = new Random(bits * groupSize);
    byte[] quants = new byte[ROWS * cols * bits / 8];
    random.nextBytes(quants);
    RandomTensor scales = RandomTensor.of(scaleType, ROWS, groups, 1);
    RandomTensor biases = RandomTensor.of(scaleType, ROWS, groups, 2);

    float[] decoded = decode(type, cols, quants, scales, biases);

    for (int i = 0; i < decoded.length; i++) {
      float scale = element(scales, i / groupSize);
      float bias = element(biases, i / groupSize);
      assertThat(decoded[i]).isEqualTo(quant(quants, bits, i) * scale + bias);
    }
  }

  @Test
  void shouldRefuseWhatMlxDoesNotHave() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AffineType(7, 64, DType.F16))
        .withMessageContaining("7 bits");
    assertThatIllegalArgumentException().isThrownBy(() -> new AffineType(4, 16, DType.F16));
    assertThatIllegalArgumentException().isThrownBy(() -> new AffineType(4, 64, DType.Q8_0));
  }

  /** The whole tensor as one number, from which quant {@code i} is cut. */
  private static int quant(byte[] quants, int bits, int i) {
    byte[] bigEndian = new byte[quants.length + 1];
    for (int j = 0; j < quants.length; j++) {
      bigEndian[quants.length - j] = quants[j];
    }
    BigInteger mask = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
    return new BigInteger(bigEndian).shiftRight(i * bits).and(mask).intValue();
  }

  private static float element(RandomTensor tensor, int index) {
    ByteBuffer bytes = ByteBuffer.wrap(tensor.content()).order(ByteOrder.LITTLE_ENDIAN);
    return switch (tensor.dtype()) {
      case F16 -> Float.float16ToFloat(bytes.getShort(index * 2));
      case BF16 -> Float.intBitsToFloat(bytes.getShort(index * 2) << 16);
      default -> bytes.getFloat(index * 4);
    };
  }

  private static float[] decode(
      AffineType type, int cols, byte[] quants, RandomTensor scales, RandomTensor biases) {
    AffineSource source =
        new AffineSource(
            "w",
            type,
            ROWS,
            cols,
            arena -> MemorySegment.ofArray(quants),
            scales::map,
            biases::map);
    float[] decoded = new float[ROWS * cols];
    try (Arena arena = Arena.ofConfined()) {
      Dequantizer.read(type, source.map(arena), 0, decoded);
    }
    return decoded;
  }
}
