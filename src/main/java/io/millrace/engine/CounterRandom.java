package io.millrace.engine;

/**
 * Random numbers without state: each is a function of a seed, a choice and a position, so that a
 * completion draws the same numbers whatever runs beside it and also after it was resumed. Mixing
 * is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
 */
final class CounterRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private CounterRandom() {}

  /** A number in {@code [0, 1)} with 53 random bits. */
  static double uniform(long seed, int choice, long position) {
    long stream = mix(mix(seed + GOLDEN_GAMMA) + choice);
    long bits = mix(stream + GOLDEN_GAMMA * (position + 1));
    return (bits >>> 11) * 0x1.0p-53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
