package io.millrace.cpu;

import io.millrace.tensor.Batch;
import io.millrace.tensor.Rope;
import java.util.Arrays;

/**
 * Rotates heads. The angles of a batch are computed once, in double, and serve the queries and keys
 * of every layer.
 */
final class RotaryEmbedding {
  private Rope rope;
  private int[] positions = {};
  private float[] cos = {};
  private float[] sin = {};

  /** Computes the angles of a batch, unless they are those of the last one. */
  void prepare(Rope rope, Batch batch) {
    if (rope != this.rope || !Arrays.equals(positions, batch.positions())) {
      prepare(rope, batch.positions());
    }
  }

  /** Rotates the heads of a token of the batch that was prepared. */
  void rotate(CpuActivation x, int token, int headDim) {
    boolean interleaved = rope.pairing() == Rope.Pairing.INTERLEAVED;
    int pairs = rope.frequencies().length;
    int step = interleaved ? 2 : 1;
    int apart = interleaved ? 1 : pairs;
    float[] data = x.data();
    int end = x.at(token) + x.cols();
    for (int head = x.at(token); head < end; head += headDim) {
      for (int pair = 0; pair < pairs; pair++) {
        float c = cos[token * pairs + pair];
        float s = sin[token * pairs + pair];
        int first = head + pair * step;
        float a = data[first];
        float b = data[first + apart];
        data[first] = a * c - b * s;
        data[first + apart] = a * s + b * c;
      }
    }
  }

  private void prepare(Rope rope, int[] positions) {
    int pairs = rope.frequencies().length;
    int angles = Math.multiplyExact(positions.length, pairs);
    if (cos.length < angles) {
      cos = new float[angles];
      sin = new float[angles];
    }
    this.rope = rope;
    this.positions = positions.clone();
    for (int token = 0; token < positions.length; token++) {
      for (int pair = 0; pair < pairs; pair++) {
        double angle = rope.angle(positions[token], pair);
        cos[token * pairs + pair] = (float) (Math.cos(angle) * rope.scale());
        sin[token * pairs + pair] = (float) (Math.sin(angle) * rope.scale());
      }
    }
  }
}
