package io.millrace.worker;

import io.millrace.tensor.KvCache;
import java.lang.management.ManagementFactory;

/**
 * Decides once, before anything is allocated, how many pages the KV cache gets: what the slots can
 * use at the most, or what the weights leave of the memory.
 */
final class MemoryBudget {
  /** Share of the machine's memory that a model may take unless it is told otherwise. */
  private static final double DEFAULT_SHARE = 0.6;

  private MemoryBudget() {}

  /** The default budget of this machine (or container), in bytes. */
  static long ofMachine() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return (long) (system.getTotalMemorySize() * DEFAULT_SHARE);
  }

  /**
   * @param budget bytes for weights and KV cache together
   * @param weights bytes of the weights
   * @param pageBytes bytes of a page of the KV cache
   * @param slots sequences that run at the same time
   * @param contextLength most tokens of a sequence
   * @throws IllegalArgumentException when one sequence of a page would not fit
   */
  static int pages(long budget, long weights, long pageBytes, int slots, int contextLength) {
    long usable = (long) slots * Math.ceilDiv(contextLength, KvCache.PAGE_TOKENS);
    long affordable = (budget - weights) / pageBytes;
    if (affordable < slots) {
      throw new IllegalArgumentException(
          "the memory budget is %,d bytes; the weights take %,d and the KV cache of %d slots at least %,d: raise --memory or take a smaller model"
              .formatted(budget, weights, slots, slots * pageBytes));
    }
    return (int) Math.min(Math.min(usable, affordable), Integer.MAX_VALUE);
  }
}
