package io.millrace.cpu;

import io.millrace.tensor.Dequantizer;
import io.millrace.tensor.TensorSource;
import io.millrace.tensor.WeightType;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * A weight of one row, decoded: the gain of a norm.
 *
 * @param values padded to whole vectors
 */
record VectorWeight(WeightType dtype, int cols, float[] values) implements CpuWeight {
  static VectorWeight load(TensorSource source) {
    float[] values = new float[source.cols()];
    try (Arena mapping = Arena.ofConfined()) {
      Dequantizer.read(source.dtype(), source.map(mapping), 0, values);
    }
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException(
            "tensor %s holds %s, expected finite numbers; the file is damaged"
                .formatted(source.name(), value));
      }
    }
    return new VectorWeight(
        source.dtype(), source.cols(), Arrays.copyOf(values, Lanes.padded(values.length)));
  }

  @Override
  public int rows() {
    return 1;
  }

  @Override
  public long bytes() {
    return (long) values.length * Float.BYTES;
  }
}
