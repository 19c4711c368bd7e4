package io.millrace.ops;

import static java.util.Objects.requireNonNull;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

/** Whether the parts of a process work. Thread-safe. */
public final class Health {
  private final Map<String, Supplier<Condition>> parts = new ConcurrentSkipListMap<>();

  /**
   * How a part is.
   *
   * @param detail for people, such as the state of a stream thread
   */
  public record Condition(boolean healthy, String detail) {
    public Condition {
      requireNonNull(detail, "detail is null");
    }
  }

  /** Adds a part, which is asked at each look; the answer must come at once. */
  public void watch(String part, Supplier<Condition> condition) {
    parts.put(part, requireNonNull(condition, "condition is null"));
  }

  /** How each part is now. */
  Report report() {
    Map<String, Condition> conditions = new ConcurrentSkipListMap<>();
    parts.forEach((part, condition) -> conditions.put(part, condition.get()));
    boolean healthy = conditions.values().stream().allMatch(Condition::healthy);
    return new Report(healthy ? "up" : "down", conditions);
  }

  /**
   * The body of {@code /health}.
   *
   * @param status {@code up} when every part is healthy, else {@code down}
   */
  record Report(String status, Map<String, Condition> parts) {}
}
