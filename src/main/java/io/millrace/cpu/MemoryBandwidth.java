package io.millrace.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Measures how fast the memory can be read: the roof over decoding one sequence. */
public final class MemoryBandwidth {
  /**
   * One task's share: long enough to stream, short enough to balance threads that are interrupted.
   */
  private static final long SHARE = 1 << 20;

  private MemoryBandwidth() {}

  /**
   * GB/s (10⁹ bytes) of {@code threads} threads that read {@code bytes} bytes once per round, all
   * shares in turn; the best of {@code rounds}. Choose {@code bytes} well above the last-level
   * cache.
   */
  public static double readGigabytesPerSecond(int threads, long bytes, int rounds) {
    int shares = Math.toIntExact(bytes / SHARE);
    if (shares < threads) {
      throw new IllegalArgumentException(
          "%d bytes, expected at least %d for %d threads"
              .formatted(bytes, SHARE * threads, threads));
    }
    int[] sinks = new int[shares * Panels.ROWS];
    double best = 0;
    try (Arena arena = Arena.ofShared();
        ThreadTeam team = new ThreadTeam(threads)) {
      MemorySegment memory = OffHeap.allocate(arena, shares * SHARE);
      memory.fill((byte) 1);
      for (int round = 0; round < rounds; round++) {
        long start = System.nanoTime();
        team.run(
            shares, (share, worker) -> read(memory, share * SHARE, sinks, share * Panels.ROWS));
        double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
        best = Math.max(best, shares * SHARE / seconds / 1e9);
      }
    }
    return best;
  }

  private static void read(MemorySegment memory, long from, int[] sink, int at) {
    int step = Lanes.I.vectorByteSize();
    IntVector a = IntVector.zero(Lanes.I);
    IntVector b = a;
    IntVector c = a;
    IntVector d = a;
    for (long offset = from; offset < from + SHARE; offset += 4L * step) {
      a = a.or(IntVector.fromMemorySegment(Lanes.I, memory, offset, Lanes.LE));
      b = b.or(IntVector.fromMemorySegment(Lanes.I, memory, offset + step, Lanes.LE));
      c = c.or(IntVector.fromMemorySegment(Lanes.I, memory, offset + 2L * step, Lanes.LE));
      d = d.or(IntVector.fromMemorySegment(Lanes.I, memory, offset + 3L * step, Lanes.LE));
    }
    a.or(b).or(c.or(d)).lanewise(VectorOperators.AND, -1).intoArray(sink, at);
  }
}
