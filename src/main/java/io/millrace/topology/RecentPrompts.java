package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.OptionalInt;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The prompts that a task has let go lately: a second one with the id of one of them is a
 * duplicate, which the completion of the first answers. An entry outlives the window by a day at
 * most, because it knows more: the lane of the first. A later prompt with its id goes to that lane,
 * whose owner knows whether the first is still being generated.
 *
 * <p>The store is capped; the oldest entries go first.
 */
final class RecentPrompts {
  static final String STORE = "recent";

  private static final byte VERSION = 1;
  private static final int NO_LANE = -1;
  private static final int MAX_VALUE_BYTES = 1024;
  private static final long KEPT_MILLIS = Duration.ofDays(1).toMillis();

  private final KeyValueStore<String, byte[]> store;
  private final long windowMillis;
  private final int capacity;

  /** When each was accepted, in the order in which they were let go. */
  private final Map<String, Long> oldestFirst = new LinkedHashMap<>();

  private RecentPrompts(KeyValueStore<String, byte[]> store, Duration window, int capacity) {
    this.store = store;
    this.windowMillis = window.toMillis();
    this.capacity = capacity;
  }

  static StoreBuilder<KeyValueStore<String, byte[]>> storeBuilder() {
    return Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray())
        .withLoggingEnabled(Changelog.config(MAX_VALUE_BYTES));
  }

  /**
   * Reads what an earlier owner of the task left.
   *
   * @param window {@code router.dedup-window}
   * @param capacity most entries
   */
  static RecentPrompts restore(KeyValueStore<String, byte[]> store, Duration window, int capacity) {
    RecentPrompts prompts = new RecentPrompts(store, window, capacity);
    List<KeyValue<String, Long>> left = new ArrayList<>();
    try (KeyValueIterator<String, byte[]> entries = store.all()) {
      entries.forEachRemaining(
          entry -> left.add(KeyValue.pair(entry.key, Sent.of(entry.value).acceptedAt())));
    }
    left.sort(Comparator.comparing(entry -> entry.value));
    left.forEach(entry -> prompts.oldestFirst.put(entry.key, entry.value));
    return prompts;
  }

  /** Whether a prompt with this id was accepted within the window. */
  boolean contains(String id, long now) {
    Long acceptedAt = oldestFirst.get(id);
    return acceptedAt != null && now - acceptedAt < windowMillis;
  }

  /** The lane of the model to which an earlier prompt with this id went. */
  OptionalInt lane(String id, String model) {
    if (!oldestFirst.containsKey(id)) {
      return OptionalInt.empty();
    }
    Sent sent = Sent.of(store.get(id));
    return sent.lane() != NO_LANE && sent.model().equals(model)
        ? OptionalInt.of(sent.lane())
        : OptionalInt.empty();
  }

  /**
   * Adds a prompt that goes to a worker.
   *
   * @param acceptedAt epoch milliseconds
   */
  void addSent(String id, long acceptedAt, String model, int lane, long now) {
    add(id, new Sent(acceptedAt, lane, model), now);
  }

  /**
   * Adds a prompt that has ended.
   *
   * @param acceptedAt epoch milliseconds
   */
  void addEnded(String id, long acceptedAt, long now) {
    add(id, new Sent(acceptedAt, NO_LANE, ""), now);
  }

  private void add(String id, Sent sent, long now) {
    oldestFirst.remove(id);
    oldestFirst.put(id, sent.acceptedAt());
    store.put(id, sent.toBytes());
    Iterator<Entry<String, Long>> oldest = oldestFirst.entrySet().iterator();
    while (oldest.hasNext()) {
      Entry<String, Long> entry = oldest.next();
      boolean isOver = now - entry.getValue() >= windowMillis + KEPT_MILLIS;
      if (!isOver && oldestFirst.size() <= capacity) {
        return;
      }
      store.delete(entry.getKey());
      oldest.remove();
    }
  }

  private record Sent(long acceptedAt, int lane, String model) {
    byte[] toBytes() {
      byte[] name = model.getBytes(UTF_8);
      return ByteBuffer.allocate(1 + Long.BYTES + Integer.BYTES + Integer.BYTES + name.length)
          .put(VERSION)
          .putLong(acceptedAt)
          .putInt(lane)
          .putInt(name.length)
          .put(name)
          .array();
    }

    /** Fields that a newer build has added follow those that this one knows. */
    static Sent of(byte[] bytes) {
      ByteBuffer from = ByteBuffer.wrap(bytes);
      from.get();
      long acceptedAt = from.getLong();
      int lane = from.getInt();
      byte[] model = new byte[from.getInt()];
      from.get(model);
      return new Sent(acceptedAt, lane, new String(model, UTF_8));
    }
  }
}
