package io.millrace.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The prompts that somebody waits for, so many at most. Thread-safe. */
final class PromptsUnderway {
  private final int max;
  private final Map<String, Integer> prompts = new LinkedHashMap<>();
  private int count;
  private long lastSign = System.nanoTime();
  private long completed;
  private long failed;
  private boolean abandoned;

  /**
   * @param max prompts underway at the same time
   */
  PromptsUnderway(int max) {
    this.max = max;
  }

  /**
   * Takes one more prompt, as soon as there is room for it.
   *
   * @param silence how long to wait after the last sign of any prompt
   * @return whether there is room
   */
  synchronized boolean begin(String id, Duration silence) throws InterruptedException {
    if (!awaitFewerThan(max, silence)) {
      return false;
    }
    prompts.merge(id, 1, Integer::sum);
    count++;
    lastSign = System.nanoTime();
    return true;
  }

  /** Something was heard of a prompt. */
  synchronized void sign() {
    lastSign = System.nanoTime();
  }

  /**
   * A prompt has ended.
   *
   * @return false when nobody waits for it any more
   */
  synchronized boolean end(String id, boolean success) {
    if (abandoned) {
      return false;
    }
    prompts.computeIfPresent(id, (_, copies) -> copies == 1 ? null : copies - 1);
    count--;
    if (success) {
      completed++;
    } else {
      failed++;
    }
    lastSign = System.nanoTime();
    notifyAll();
    return true;
  }

  /** A prompt has failed before it was underway. */
  synchronized void fail() {
    failed++;
  }

  /**
   * Waits until none is underway.
   *
   * @param silence how long to wait after the last sign of any prompt
   * @return whether none is underway
   */
  synchronized boolean awaitNone(Duration silence) throws InterruptedException {
    return awaitFewerThan(1, silence);
  }

  /**
   * Counts those underway as failed, and ignores their ends from now on.
   *
   * @return their ids
   */
  synchronized List<String> abandon() {
    abandoned = true;
    failed += count;
    return List.copyOf(prompts.keySet());
  }

  synchronized int count() {
    return count;
  }

  synchronized long completed() {
    return completed;
  }

  synchronized long failed() {
    return failed;
  }

  private boolean awaitFewerThan(int limit, Duration silence) throws InterruptedException {
    while (count >= limit) {
      long left = silence.toNanos() - (System.nanoTime() - lastSign);
      if (left <= 0) {
        return false;
      }
      // Rounded up: 0 would wait for ever.
      wait(left / 1_000_000 + 1);
    }
    return true;
  }
}
