package io.millrace.topology;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the transactions that an app has committed. Whoever writes something notes the number: as
 * soon as it is higher, what was written is committed. Thread-safe.
 */
public final class Commits {
  private final AtomicLong number = new AtomicLong();

  /** Transactions committed so far. */
  long number() {
    return number.get();
  }

  void count() {
    number.incrementAndGet();
  }
}
