package io.millrace;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what another thread or process will do. */
public final class Await {
  /** Far above what anything takes: a busy machine must not fail a test. */
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  private static final Duration INTERVAL = Duration.ofMillis(5);

  private Await() {}

  /**
   * Returns as soon as the condition holds; fails, naming it, when it does not within three
   * minutes.
   */
  public static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("waited for %s: %s did not happen", TIMEOUT, what);
      }
      LockSupport.parkNanos(INTERVAL.toNanos());
    }
  }
}
