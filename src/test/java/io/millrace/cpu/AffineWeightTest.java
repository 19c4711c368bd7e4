package io.millrace.cpu;

import static io.millrace.tensor.TensorRig.activation;
import static io.millrace.tensor.TensorRig.random;
import static io.millrace.tensor.TensorRig.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.tensor.Activation;
import io.millrace.tensor.AffineType;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights of MLX's affine quantization, with and without a kernel of their own. */
class AffineWeightTest {
  private static final int ROWS = 37;
  private static final int COLS = 3 * 128;

  static Stream<AffineType> types() {
    return Stream.of(2, 3, 4, 5, 6, 8)
        .flatMap(bits ->
            Stream.of(32, 64, 128)
                .flatMap(group ->
                    Stream.of(DType.F16, DType.BF16, DType.F32)
                        .map(scales -> new AffineType(bits, group, scales))));
  }

  @ParameterizedTest
  @MethodSource("types")
  void shouldMultiplyAsTheReference(AffineType type) {
    TensorSource source = new Groups(type, quantized(type));
    float[][] x = random(5, COLS, 3);
    try (Backend cpu = new CpuBackend(2);
        Backend reference = new ReferenceBackend()) {
      float[][] expected = multiply(reference, source, x);

      float[][] together = multiply(cpu, source, x);

      for (int i = 0; i < x.length; i++) {
        assertThat(together[i]).containsExactly(expected[i], within(1e-3f));
        assertThat(multiply(cpu, source, x[i])[0]).isEqualTo(together[i]);
      }
    }
  }

  private static float[][] multiply(Backend backend, TensorSource source, float[]... x) {
    Weight w = backend.load(source);
    Activation out = backend.allocate(x.length, w.rows());
    backend.matmul(w, activation(backend, x), x.length, out);
    return read(backend, out, x.length);
  }

  /** Groups of a random scale, bias and quants each. */
  private static byte[] quantized(AffineType type) {
    Random random = new Random(type.bits());
    byte[] quants = new byte[type.quantBytes()];
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(type.bytes(ROWS * COLS)))
            .order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      putFactor(bytes, type.scales(), random.nextFloat(-1, 1) / (1 << type.bits()));
      putFactor(bytes, type.scales(), random.nextFloat(-1, 1));
      random.nextBytes(quants);
      bytes.put(quants);
    }
    return bytes.array();
  }

  private static void putFactor(ByteBuffer bytes, DType type, float factor) {
    switch (type) {
      case F16 -> bytes.putShort(Float.floatToFloat16(factor));
      case BF16 -> bytes.putShort((short) (Float.floatToIntBits(factor) >> 16));
      default -> bytes.putFloat(factor);
    }
  }

  private record Groups(AffineType dtype, byte[] content) implements TensorSource {
    @Override
    public String name() {
      return dtype.toString();
    }

    @Override
    public AffineType dtype() {
      return dtype;
    }

    @Override
    public int rows() {
      return ROWS;
    }

    @Override
    public int cols() {
      return COLS;
    }

    @Override
    public MemorySegment map(Arena arena) {
      return arena.allocate(content.length).copyFrom(MemorySegment.ofArray(content));
    }
  }
}
