package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.engine.GenerationRequest.Progress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.ValueTimestampHeaders;

/**
 * The prompts that a task has taken and not yet ended, and the tokens generated so far.
 *
 * <p>A prompt has one entry, written once, and a segment for each piece of its completion, so that
 * the changelog grows with the tokens and not with their square. A key is the id's length, the id
 * and a number: 0 for the entry, 1, 2, 3… for the segments; the store keeps them in this order. A
 * value begins with a version; what follows the fields that a reader knows, it ignores.
 */
final class InFlightStore {
  static final String NAME = "in-flight";

  private static final byte VERSION = 1;
  private static final int ENTRY = 0;

  private final TimestampedKeyValueStoreWithHeaders<byte[], byte[]> store;

  InFlightStore(TimestampedKeyValueStoreWithHeaders<byte[], byte[]> store) {
    this.store = store;
  }

  /**
   * @param maxRecordBytes largest record of the changelog
   */
  static StoreBuilder<TimestampedKeyValueStoreWithHeaders<byte[], byte[]>> builder(
      int maxRecordBytes) {
    return Stores.timestampedKeyValueStoreWithHeadersBuilder(
            Stores.inMemoryKeyValueStore(NAME), Serdes.ByteArray(), Serdes.ByteArray())
        .withLoggingEnabled(changelog(maxRecordBytes));
  }

  /**
   * A new owner reads the whole changelog, most of which is prompts that have ended: small segments
   * and early compaction keep it short. Only closed segments are compacted.
   */
  private static Map<String, String> changelog(int maxRecordBytes) {
    return Map.of(
        TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(maxRecordBytes),
        TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(8 << 20),
        TopicConfig.SEGMENT_MS_CONFIG, "600000",
        TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1",
        TopicConfig.DELETE_RETENTION_MS_CONFIG, "600000");
  }

  /** Adds a prompt. */
  void admit(String id, byte[] work, Headers headers, String fingerprint, long now) {
    byte[] print = fingerprint.getBytes(UTF_8);
    byte[] entry =
        ByteBuffer.allocate(1 + Integer.BYTES + print.length + Integer.BYTES + work.length)
            .put(VERSION)
            .putInt(print.length)
            .put(print)
            .putInt(work.length)
            .put(work)
            .array();
    store.put(key(id, ENTRY), ValueTimestampHeaders.make(entry, now, headers));
  }

  /**
   * Adds a piece of a prompt's completion.
   *
   * @param segment number of this piece, from 1
   * @param tokens sampled token ids
   * @param chars UTF-16 units of text that are published with it
   */
  void append(String id, int segment, int[] tokens, int chars, long now) {
    ByteBuffer value =
        ByteBuffer.allocate(1 + Integer.BYTES * (2 + tokens.length))
            .put(VERSION)
            .putInt(chars)
            .putInt(tokens.length);
    IntStream.of(tokens).forEach(value::putInt);
    store.put(
        key(id, segment), ValueTimestampHeaders.make(value.array(), now, new RecordHeaders()));
  }

  /** Removes a prompt that has this many segments. */
  void remove(String id, int segments) {
    IntStream.rangeClosed(ENTRY, segments).forEach(number -> store.delete(key(id, number)));
  }

  /**
   * Everything that an earlier owner of the task left.
   *
   * @throws IllegalStateException when a newer build wrote it
   */
  List<SavedPrompt> readAll() {
    List<SavedPrompt> prompts = new ArrayList<>();
    try (KeyValueIterator<byte[], ValueTimestampHeaders<byte[]>> values = store.all()) {
      while (values.hasNext()) {
        KeyValue<byte[], ValueTimestampHeaders<byte[]>> value = values.next();
        ByteBuffer key = ByteBuffer.wrap(value.key);
        String id = text(key);
        int number = key.getInt();
        ByteBuffer fields = fields(id, value.value.value());
        if (number == ENTRY) {
          String fingerprint = text(fields);
          prompts.add(
              new SavedPrompt(
                  id, bytes(fields), value.value.headers(), fingerprint, Progress.NONE, 0));
        } else {
          int chars = fields.getInt();
          int[] tokens = new int[fields.getInt()];
          fields.asIntBuffer().get(tokens);
          prompts.addLast(prompts.removeLast().plus(tokens, chars));
        }
      }
    }
    return prompts;
  }

  private static ByteBuffer fields(String id, byte[] value) {
    ByteBuffer fields = ByteBuffer.wrap(value);
    byte version = fields.get();
    if (version > VERSION) {
      throw new IllegalStateException(
          "the saved state of prompt %s has version %d, expected at most %d: another machine runs a newer Millrace, upgrade this one"
              .formatted(id, version, VERSION));
    }
    return fields;
  }

  private static byte[] key(String id, int number) {
    byte[] name = id.getBytes(UTF_8);
    return ByteBuffer.allocate(Integer.BYTES + name.length + Integer.BYTES)
        .putInt(name.length)
        .put(name)
        .putInt(number)
        .array();
  }

  private static String text(ByteBuffer from) {
    return new String(bytes(from), UTF_8);
  }

  private static byte[] bytes(ByteBuffer from) {
    byte[] bytes = new byte[from.getInt()];
    from.get(bytes);
    return bytes;
  }
}
