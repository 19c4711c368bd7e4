package io.millrace.cpu;

import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;

/**
 * Measures how many floating-point operations the vector units do: the roof over every batched
 * matmul.
 */
public final class PeakFlops {
  private static final int STEPS = 1 << 20;
  private static final int CHAINS = 12;
  private static final int ROUNDS = 12;

  private PeakFlops() {}

  /**
   * GFLOP/s of independent fused multiply-adds on registers, two operations each, on {@code
   * threads} threads; the best of some rounds of a few milliseconds.
   */
  public static double peakGigaflops(int threads) {
    float[] sinks = new float[threads * Panels.ROWS];
    double best = 0;
    try (ThreadTeam team = new ThreadTeam(threads)) {
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        team.run(threads, (index, worker) -> multiplyAdd(STEPS, sinks, index * Panels.ROWS));
        double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
        best = Math.max(best, 2.0 * CHAINS * Lanes.COUNT * STEPS * threads / seconds / 1e9);
      }
    }
    return best;
  }

  /**
   * Two units of latency four or five need ten chains; more cost nothing while the registers last.
   */
  private static void multiplyAdd(int steps, float[] sink, int at) {
    FloatVector x = FloatVector.broadcast(Lanes.F, 0.9999f);
    FloatVector a = FloatVector.fromArray(Lanes.F, sink, at);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector f = a;
    FloatVector g = a;
    FloatVector h = a;
    FloatVector i = a;
    FloatVector j = a;
    FloatVector k = a;
    FloatVector l = a;
    FloatVector y = FloatVector.broadcast(Lanes.F, 1e-4f);
    for (int step = 0; step < steps; step++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    a.add(b)
        .add(c.add(d))
        .add(e.add(f))
        .add(g.add(h))
        .add(i.add(j))
        .add(k.add(l))
        .intoArray(sink, at);
  }
}
