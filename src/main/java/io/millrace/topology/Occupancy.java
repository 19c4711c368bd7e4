package io.millrace.topology;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * How full the waiting stores of all tasks of a router are, for its gates. Prompts count by their
 * model, whichever input they came from; urgent ones count apart. Thread-safe.
 */
final class Occupancy {
  private final Map<String, Integer> byModel = new HashMap<>();
  private int urgent;
  private long bytes;

  /** Waiting urgent prompts. */
  synchronized int urgentPrompts() {
    return urgent;
  }

  /** Other waiting prompts. */
  synchronized int prompts() {
    return byModel.values().stream().mapToInt(count -> count).sum();
  }

  /** Waiting prompts of a model, urgent ones apart. */
  synchronized int prompts(String model) {
    return byModel.getOrDefault(model, 0);
  }

  /** Waiting prompts of all models but these together, urgent ones apart. */
  synchronized int promptsWithout(Set<String> models) {
    return byModel.entrySet().stream()
        .filter(count -> !models.contains(count.getKey()))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /** The most waiting prompts that one model has, these models and urgent prompts apart. */
  synchronized int mostWithout(Set<String> models) {
    return byModel.entrySet().stream()
        .filter(count -> !models.contains(count.getKey()))
        .mapToInt(Map.Entry::getValue)
        .max()
        .orElse(0);
  }

  /** Bytes of all waiting prompts. */
  synchronized long bytes() {
    return bytes;
  }

  /**
   * A prompt begins to wait.
   *
   * @param model empty when it names none and there is no default
   */
  synchronized void add(boolean isUrgent, String model, int size) {
    count(isUrgent, model, 1);
    bytes += size;
  }

  /** A prompt waits no more. */
  synchronized void remove(boolean isUrgent, String model, int size) {
    count(isUrgent, model, -1);
    bytes -= size;
  }

  private void count(boolean isUrgent, String model, int change) {
    if (isUrgent) {
      urgent += change;
    } else {
      byModel.merge(model, change, (count, more) -> count + more == 0 ? null : count + more);
    }
  }
}
