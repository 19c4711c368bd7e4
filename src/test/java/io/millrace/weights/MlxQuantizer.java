package io.millrace.weights;

import io.millrace.weights.RandomModel.Type;
import java.math.BigInteger;

/**
 * Quantizes a matrix as MLX does, affinely: scale and bias of a group span its least and greatest
 * element.
 *
 * @param values what the quantized elements are worth
 */
record MlxQuantizer(byte[] quants, float[][] scales, float[][] biases, float[][] values) {
  static MlxQuantizer quantize(float[][] matrix, int bits, int groupSize, Type scaleType) {
    int rows = matrix.length;
    int cols = matrix[0].length;
    int rowBytes = cols * bits / 8;
    byte[] quants = new byte[rows * rowBytes];
    float[][] scales = new float[rows][cols / groupSize];
    float[][] biases = new float[rows][cols / groupSize];
    float[][] values = new float[rows][cols];
    for (int row = 0; row < rows; row++) {
      BigInteger stream = BigInteger.ZERO;
      for (int col = 0; col < cols; col++) {
        int group = col / groupSize;
        if (col % groupSize == 0) {
          float least = Float.MAX_VALUE;
          float greatest = -Float.MAX_VALUE;
          for (int i = col; i < col + groupSize; i++) {
            least = Math.min(least, matrix[row][i]);
            greatest = Math.max(greatest, matrix[row][i]);
          }
          scales[row][group] = scaleType.round((greatest - least) / ((1 << bits) - 1));
          biases[row][group] = scaleType.round(least);
        }
        float steps = (matrix[row][col] - biases[row][group]) / scales[row][group];
        int quant = Math.clamp(Math.round(steps), 0, (1 << bits) - 1);
        values[row][col] = quant * scales[row][group] + biases[row][group];
        stream = stream.or(BigInteger.valueOf(quant).shiftLeft(col * bits));
      }
      byte[] bigEndian = stream.toByteArray();
      for (int i = 0; i < Math.min(bigEndian.length, rowBytes); i++) {
        quants[row * rowBytes + i] = bigEndian[bigEndian.length - 1 - i];
      }
    }
    return new MlxQuantizer(quants, scales, biases, values);
  }
}
