package io.millrace.topology;

import io.millrace.record.Origin;
import io.millrace.record.ParsedPrompt;
import io.millrace.record.Prompt;
import io.millrace.record.PromptParser;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.ValueTimestampHeaders;

/**
 * The prompts of a task that wait for a worker. The store holds the records as clients wrote them,
 * the memory beside it holds them parsed and in order.
 */
final class WaitingPrompts {
  static final String STORE = "waiting";

  private final TimestampedKeyValueStoreWithHeaders<byte[], byte[]> store;
  private final Optional<String> defaultModel;
  private final Occupancy occupancy;
  private final NavigableMap<WaitingKey, Waiting> waiting = new TreeMap<>();
  private final Set<String> ids = new HashSet<>();
  private final Map<WaitingKey, ParsedPrompt.Invalid> outdated = new HashMap<>();
  private long lastArrival;

  /**
   * A waiting prompt.
   *
   * @param headers those of its record
   * @param publishedAt timestamp of its record, epoch milliseconds
   * @param bytes size of its record's value
   */
  record Waiting(WaitingKey key, Prompt prompt, Headers headers, long publishedAt, int bytes) {
    String id() {
      return prompt.id();
    }
  }

  private WaitingPrompts(
      TimestampedKeyValueStoreWithHeaders<byte[], byte[]> store,
      Optional<String> defaultModel,
      Occupancy occupancy) {
    this.store = store;
    this.defaultModel = defaultModel;
    this.occupancy = occupancy;
  }

  /**
   * @param promptMaxBytes largest value of a prompt record
   */
  static StoreBuilder<TimestampedKeyValueStoreWithHeaders<byte[], byte[]>> storeBuilder(
      int promptMaxBytes) {
    return Stores.timestampedKeyValueStoreWithHeadersBuilder(
            Stores.inMemoryKeyValueStore(STORE), Serdes.ByteArray(), Serdes.ByteArray())
        .withLoggingEnabled(Changelog.config(promptMaxBytes));
  }

  /**
   * Reads what an earlier owner of the task left.
   *
   * @param defaultModel model under which prompts count that name none
   */
  static WaitingPrompts restore(
      TimestampedKeyValueStoreWithHeaders<byte[], byte[]> store,
      PromptParser parser,
      Optional<String> defaultModel,
      Occupancy occupancy) {
    WaitingPrompts prompts = new WaitingPrompts(store, defaultModel, occupancy);
    try (KeyValueIterator<byte[], ValueTimestampHeaders<byte[]>> entries = store.all()) {
      while (entries.hasNext()) {
        prompts.restore(entries.next(), parser);
      }
    }
    return prompts;
  }

  private void restore(KeyValue<byte[], ValueTimestampHeaders<byte[]>> entry, PromptParser parser) {
    WaitingKey key = WaitingKey.of(entry.key);
    byte[] value = entry.value.value();
    Origin origin = new Origin(STORE, 0, 0, entry.value.timestamp());
    lastArrival = Math.max(lastArrival, key.arrival());
    switch (parser.parse(key.id().getBytes(StandardCharsets.UTF_8), value, origin)) {
      case ParsedPrompt.Valid valid ->
          hold(
              new Waiting(
                  key,
                  valid.prompt(),
                  entry.value.headers(),
                  entry.value.timestamp(),
                  value.length));
      // Accepted by a build, or under a prompt.max-bytes, that took more than this one.
      case ParsedPrompt.Invalid invalid -> outdated.put(key, invalid);
    }
  }

  /** Adds a prompt that is accepted now, behind those of its priority. */
  void add(Prompt prompt, boolean urgent, byte[] value, long timestamp, Headers headers, long now) {
    lastArrival = Math.max(now * 1_000, lastArrival + 1);
    WaitingKey key = new WaitingKey(urgent, prompt.priority(), lastArrival, prompt.id());
    store.put(key.toBytes(), ValueTimestampHeaders.make(value, timestamp, headers));
    hold(new Waiting(key, prompt, headers, timestamp, value.length));
  }

  void remove(Waiting prompt) {
    store.delete(prompt.key().toBytes());
    waiting.remove(prompt.key());
    ids.remove(prompt.id());
    leave(prompt);
  }

  /** Whether a prompt with this id waits. */
  boolean contains(String id) {
    return ids.contains(id);
  }

  /** A copy, best first. */
  List<Waiting> inOrder() {
    return List.copyOf(waiting.values());
  }

  /** Removes the prompts that were restored but are not valid for this build. */
  List<ParsedPrompt.Invalid> removeOutdated() {
    outdated.keySet().forEach(key -> store.delete(key.toBytes()));
    List<ParsedPrompt.Invalid> removed = List.copyOf(outdated.values());
    outdated.clear();
    return removed;
  }

  /** Leaves the store as it is, to its next owner. */
  void release() {
    waiting.values().forEach(this::leave);
    waiting.clear();
    ids.clear();
  }

  private void hold(Waiting prompt) {
    waiting.put(prompt.key(), prompt);
    ids.add(prompt.id());
    occupancy.add(prompt.key().urgent(), model(prompt), prompt.bytes());
  }

  private void leave(Waiting prompt) {
    occupancy.remove(prompt.key().urgent(), model(prompt), prompt.bytes());
  }

  private String model(Waiting prompt) {
    return prompt.prompt().model().or(() -> defaultModel).orElse("");
  }
}
