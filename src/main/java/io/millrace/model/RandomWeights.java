package io.millrace.model;

import io.millrace.tensor.DType;
import io.millrace.tensor.TensorSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Random weights in the shape of a configuration: speed does not depend on what a model has
 * learned. Equal seeds give equal weights; values keep the residual stream at about unit size.
 */
public final class RandomWeights implements WeightSet {
  /** Elements that are drawn; larger tensors repeat them. Odd, so that rows differ. */
  private static final int PERIOD_BLOCKS = 8191;

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final ModelConfig config;
  private final DType dtype;
  private final long seed;

  /**
   * @param dtype of the matrices; norms are F32
   */
  public RandomWeights(ModelConfig config, DType dtype, long seed) {
    this.config = config;
    this.dtype = dtype;
    this.seed = seed;
  }

  @Override
  public Optional<TensorSource> find(String name) {
    String role = name.replaceFirst("^blk\\.\\d+\\.", "");
    return switch (role) {
      case "token_embd.weight", "output.weight" -> matrix(name, config.vocabSize(), config.dim());
      case "attn_q.weight" -> matrix(name, config.queryDim(), config.dim());
      case "attn_k.weight", "attn_v.weight" -> matrix(name, config.kvDim(), config.dim());
      case "attn_output.weight" -> matrix(name, config.dim(), config.queryDim());
      case "ffn_gate.weight", "ffn_up.weight" -> matrix(name, config.ffnDim(), config.dim());
      case "ffn_down.weight" -> matrix(name, config.dim(), config.ffnDim());
      case "attn_norm.weight", "ffn_norm.weight", "output_norm.weight" ->
          Optional.of(new RandomTensor(name, DType.F32, 1, config.dim(), seed ^ name.hashCode()));
      default -> Optional.empty();
    };
  }

  private Optional<TensorSource> matrix(String name, int rows, int cols) {
    return Optional.of(new RandomTensor(name, dtype, rows, cols, seed ^ name.hashCode()));
  }

  private record RandomTensor(String name, DType dtype, int rows, int cols, long seed)
      implements TensorSource {
    @Override
    public MemorySegment map(Arena arena) {
      MemorySegment bytes = arena.allocate(bytes());
      SplittableRandom random = new SplittableRandom(seed);
      long period = Math.min(bytes.byteSize(), (long) PERIOD_BLOCKS * dtype.blockBytes());
      // A matrix keeps the size of what it multiplies; a norm's gain is about 1.
      double deviation = rows == 1 ? 0.1 : 1 / Math.sqrt(cols);
      double mean = rows == 1 ? 1 : 0;
      for (long at = 0; at < period; at += dtype.blockBytes()) {
        writeBlock(bytes, at, random, mean, deviation);
      }
      for (long at = period; at < bytes.byteSize(); at += period) {
        MemorySegment.copy(bytes, 0, bytes, at, Math.min(period, bytes.byteSize() - at));
      }
      return bytes;
    }

    private void writeBlock(
        MemorySegment bytes, long at, SplittableRandom random, double mean, double deviation) {
      float value = (float) (mean + deviation * random.nextGaussian());
      switch (dtype) {
        case F32 -> bytes.set(FLOAT, at, value);
        case F16 -> bytes.set(SHORT, at, Float.floatToFloat16(value));
        case BF16 -> bytes.set(SHORT, at, (short) (Float.floatToRawIntBits(value) >>> 16));
        case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS -> {
          for (int i = 0; i < dtype.blockBytes(); i++) {
            bytes.set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
          }
          BlockFactors.of(dtype).write(bytes, at, (float) deviation);
        }
      }
    }
  }
}
