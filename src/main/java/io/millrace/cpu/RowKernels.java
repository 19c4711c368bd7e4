package io.millrace.cpu;

import static io.millrace.cpu.Lanes.F;

import jdk.incubator.vector.FloatVector;

/**
 * Operations on each row by itself; a task is a row, so results cannot depend on the rest of the
 * batch.
 */
final class RowKernels {
  /** Elements of SwiGLU whose exponentials wait in cache. */
  private static final int BLOCK = 1024;

  private final ThreadTeam team;
  private final float[][] scratch;

  RowKernels(ThreadTeam team) {
    this.team = team;
    this.scratch = new float[team.size()][BLOCK];
  }

  void rmsNorm(CpuActivation x, VectorWeight gain, float epsilon, int rows, CpuActivation out) {
    team.run(rows, (row, worker) -> rmsNorm(x, gain, epsilon, row, scratch[worker], out));
  }

  void addRmsNorm(
      CpuActivation x,
      CpuActivation delta,
      VectorWeight gain,
      float epsilon,
      int rows,
      CpuActivation out) {
    team.run(
        rows,
        (row, worker) -> {
          add(x, delta, row);
          rmsNorm(x, gain, epsilon, row, scratch[worker], out);
        });
  }

  private static void rmsNorm(
      CpuActivation x,
      VectorWeight gain,
      float epsilon,
      int row,
      float[] lanes,
      CpuActivation out) {
    float[] gains = gain.values();
    int cols = gain.cols();
    for (int part = 0; part < x.cols(); part += cols) {
      int from = x.at(row) + part;
      int to = out.at(row) + part;
      float squares = squares(x.data(), from, cols, lanes);
      float inverse = (float) (1 / Math.sqrt(squares / cols + epsilon));
      int whole = cols == x.cols() ? cols : F.loopBound(cols);
      for (int i = 0; i < whole; i += Lanes.COUNT) {
        FloatVector.fromArray(F, x.data(), from + i)
            .mul(inverse)
            .mul(FloatVector.fromArray(F, gains, i))
            .intoArray(out.data(), to + i);
      }
      for (int i = whole; i < cols; i++) { // what follows is another head
        out.data()[to + i] = x.data()[from + i] * inverse * gains[i];
      }
    }
  }

  /** Sum of squares: in lanes, then over the lanes in order. */
  private static float squares(float[] x, int from, int count, float[] lanes) {
    FloatVector sums = FloatVector.zero(F);
    int whole = F.loopBound(count);
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(F, x, from + i);
      sums = v.fma(v, sums);
    }
    sums.intoArray(lanes, 0);
    float sum = Lanes.sum(lanes);
    for (int i = whole; i < count; i++) {
      sum = Math.fma(x[from + i], x[from + i], sum);
    }
    return sum;
  }

  void swiglu(CpuActivation gate, CpuActivation up, int rows) {
    team.run(
        rows,
        (row, worker) -> {
          float[] exps = scratch[worker];
          for (int block = 0; block < gate.stride(); block += BLOCK) {
            int count = Math.min(BLOCK, gate.stride() - block);
            int at = gate.at(row) + block;
            int upAt = up.at(row) + block;
            Exponential.exp(gate.data(), at, 0, -1, exps, 0, count);
            for (int i = 0; i < count; i += Lanes.COUNT) {
              FloatVector.fromArray(F, gate.data(), at + i)
                  .div(FloatVector.fromArray(F, exps, i).add(1))
                  .mul(FloatVector.fromArray(F, up.data(), upAt + i))
                  .intoArray(gate.data(), at + i);
            }
          }
        });
  }

  private static void add(CpuActivation x, CpuActivation y, int row) {
    int at = x.at(row);
    int yAt = y.at(row);
    for (int i = 0; i < x.stride(); i += Lanes.COUNT) {
      FloatVector.fromArray(F, x.data(), at + i)
          .add(FloatVector.fromArray(F, y.data(), yAt + i))
          .intoArray(x.data(), at + i);
    }
  }

  void addBias(CpuActivation x, VectorWeight bias, int rows) {
    team.run(
        rows,
        (row, worker) -> {
          int at = x.at(row);
          for (int i = 0; i < x.cols(); i += Lanes.COUNT) {
            FloatVector.fromArray(F, x.data(), at + i)
                .add(FloatVector.fromArray(F, bias.values(), i))
                .intoArray(x.data(), at + i);
          }
        });
  }

  void argmax(CpuActivation x, int rows, CpuActivation out) {
    team.run(
        rows, (row, worker) -> out.data()[out.at(row)] = argmax(x.data(), x.at(row), x.cols()));
  }

  private static int argmax(float[] x, int from, int count) {
    int largest = 0;
    for (int i = 0; i < count; i++) {
      float element = x[from + i];
      if (!Float.isFinite(element)) {
        return -1;
      }
      if (element > x[from + largest]) {
        largest = i;
      }
    }
    return largest;
  }
}
