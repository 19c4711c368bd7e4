package io.millrace.metal.objc;

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
}
