package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * Which prompts somebody has cancelled. A cancellation means the prompts with its id that were
 * published before it: one that is published later, when the first has ended, is another.
 */
final class Cancellations {
  static final String STORE = "control";

  /** By how much the clocks that stamp the two topics may differ. */
  private static final long SKEW_MILLIS = Duration.ofMinutes(1).toMillis();

  private final ReadOnlyKeyValueStore<String, Long> store;

  /**
   * @param store the global store that {@link ControlReader} keeps
   */
  Cancellations(ReadOnlyKeyValueStore<String, Long> store) {
    this.store = requireNonNull(store, "store is null");
  }

  /**
   * @param publishedAt timestamp of the prompt's record, epoch milliseconds
   */
  boolean contains(String id, long publishedAt) {
    Long cancelledAt = store.get(id);
    return cancelledAt != null && cancelledAt + SKEW_MILLIS >= publishedAt;
  }
}
