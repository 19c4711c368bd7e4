package io.millrace.metal.objc;

import java.util.Locale;

/** Generations of GPUs, {@code MTLGPUFamily}. */
public enum GpuFamily {
  /** M1, A14: the first with simdgroup matrices. */
  APPLE_7(1007),
  /** M2. */
  APPLE_8(1008),
  /** M3, M4. */
  APPLE_9(1009),
  METAL_3(5001);

  private final long number;

  GpuFamily(long number) {
    this.number = number;
  }

  long number() {
    return number;
  }

  /** As Apple writes it: {@code Apple 7}. */
  @Override
  public String toString() {
    String[] words = name().split("_");
    return words[0].charAt(0) + words[0].substring(1).toLowerCase(Locale.ROOT) + " " + words[1];
  }
}
