package io.millrace.engine;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Notices a step that does not end. One thread runs the steps, any may ask. */
final class StepWatch {
  /** A step that takes longer does not end: the device hangs. */
  static final Duration LONGEST = Duration.ofMinutes(2);

  private static final long IDLE = Long.MIN_VALUE;

  private final LongSupplier nanoTime;
  private volatile long start = IDLE;

  /**
   * @param nanoTime nanoseconds of a monotonic clock
   */
  StepWatch(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  void run(Runnable step) {
    start = nanoTime.getAsLong();
    try {
      step.run();
    } finally {
      start = IDLE;
    }
  }

  /** Whether the present step takes too long. It may end after all. */
  boolean isStuck() {
    long begun = start;
    return begun != IDLE && nanoTime.getAsLong() - begun > LONGEST.toNanos();
  }
}
