package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.record.Logprobs;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The prompts that a task has taken and not yet ended, and the tokens generated so far.
 *
 * <p>A prompt has one entry, written once, and a segment for each piece of its completion, so that
 * the changelog grows with the tokens and not with their square. A key is the id's length, the id
 * and a number: 0 for the entry, 1, 2, 3… for the segments, the highest for the second and further
 * attempts; the store keeps them in this order. A value begins with a version; what follows the
 * fields that a reader knows, it ignores.
 */
final class InFlightStore {
  static final String NAME = "in-flight";

  private static final Logger LOG = LoggerFactory.getLogger(InFlightStore.class);

  private static final byte VERSION = 1;
  private static final int ENTRY = 0;
  private static final int ATTEMPT = Integer.MAX_VALUE;
  private static final int NULL = -1;

  private final KeyValueStore<byte[], byte[]> store;

  InFlightStore(KeyValueStore<byte[], byte[]> store) {
    this.store = store;
  }

  /**
   * @param maxWorkBytes largest record on the work topic
   */
  static StoreBuilder<KeyValueStore<byte[], byte[]>> builder(int maxWorkBytes) {
    return Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(NAME), Serdes.ByteArray(), Serdes.ByteArray())
        .withLoggingEnabled(Changelog.config(maxWorkBytes));
  }

  /**
   * Adds a prompt.
   *
   * @param record on the lane
   * @param offset of the record
   * @param fingerprint of the engine that generates it
   * @param begins whether the first attempt begins now
   */
  void admit(
      String id, Record<byte[], byte[]> record, long offset, String fingerprint, boolean begins) {
    Header[] all = record.headers().toArray();
    put(
        key(id, ENTRY),
        out -> {
          write(out, fingerprint.getBytes(UTF_8));
          out.writeLong(offset);
          out.writeLong(record.timestamp());
          out.writeInt(begins ? 1 : 0);
          write(out, record.value());
          out.writeInt(all.length);
          for (Header header : all) {
            write(out, header.key().getBytes(UTF_8));
            write(out, header.value());
          }
        });
  }

  /**
   * Adds a piece of a prompt's completion.
   *
   * @param segment number of the piece, from 1
   */
  void append(String id, int segment, SavedPiece piece) {
    put(
        key(id, segment),
        out -> {
          out.writeInt(piece.choice());
          out.writeInt(piece.chars());
          out.writeInt(piece.end().map(FinishReason::ordinal).orElse(NULL));
          write(out, piece.logprobs().map(Logprobs::toJson).orElse(null));
          out.writeInt(piece.tokens().length);
          for (int token : piece.tokens()) {
            out.writeInt(token);
          }
        });
  }

  /**
   * Notes that another attempt begins, or that the last one does not count.
   *
   * @param attempts in a row that added no token, this one included
   * @param segments of the prompt
   */
  void attempt(String id, int attempts, int segments) {
    put(
        key(id, ATTEMPT),
        out -> {
          out.writeInt(attempts);
          out.writeInt(segments);
        });
  }

  /** Removes a prompt that has this many segments. */
  void remove(String id, int segments) {
    if (store.get(key(id, ATTEMPT)) != null) {
      store.delete(key(id, ATTEMPT));
    }
    IntStream.rangeClosed(ENTRY, segments).forEach(number -> store.delete(key(id, number)));
  }

  /**
   * Everything that an earlier owner of the task left. What belongs to no entry is removed: nothing
   * can go on from there.
   *
   * @throws IllegalStateException when a newer build wrote it
   */
  List<SavedPrompt> readAll() {
    List<SavedPrompt> prompts = new ArrayList<>();
    List<byte[]> strays = new ArrayList<>();
    try (KeyValueIterator<byte[], byte[]> all = store.all()) {
      while (all.hasNext()) {
        KeyValue<byte[], byte[]> next = all.next();
        ByteBuffer key = ByteBuffer.wrap(next.key);
        String id = text(key);
        int number = key.getInt();
        ByteBuffer value = ByteBuffer.wrap(next.value);
        checkVersion(id, value.get());
        if (number == ENTRY) {
          prompts.addLast(entry(id, value));
        } else if (prompts.isEmpty() || !prompts.getLast().id().equals(id)) {
          strays.add(next.key);
        } else {
          prompts.addLast(add(number, value, prompts.removeLast()));
        }
      }
    }
    if (!strays.isEmpty()) {
      LOG.warn("Removing {} pieces of prompts that have ended", strays.size());
      strays.forEach(store::delete);
    }
    return prompts;
  }

  private static SavedPrompt add(int number, ByteBuffer value, SavedPrompt prompt) {
    return number == ATTEMPT
        ? prompt.withAttempt(value.getInt(), value.getInt())
        : prompt.plus(piece(value));
  }

  private static SavedPrompt entry(String id, ByteBuffer value) {
    String fingerprint = text(value);
    long offset = value.getLong();
    long timestamp = value.getLong();
    int attempts = value.getInt();
    byte[] work = bytes(value);
    Headers headers = new RecordHeaders();
    for (int left = value.getInt(); left > 0; left--) {
      headers.add(text(value), bytes(value));
    }
    return new SavedPrompt(
        id, work, headers, fingerprint, offset, timestamp, attempts, 0, Map.of(), 0);
  }

  private static SavedPiece piece(ByteBuffer value) {
    int choice = value.getInt();
    int chars = value.getInt();
    int end = value.getInt();
    byte[] logprobs = bytes(value);
    int[] tokens = new int[value.getInt()];
    value.asIntBuffer().get(tokens);
    return new SavedPiece(
        choice,
        tokens,
        chars,
        end == NULL ? Optional.empty() : Optional.of(FinishReason.values()[end]),
        Optional.ofNullable(logprobs).map(Logprobs::fromJson));
  }

  private static void checkVersion(String id, byte version) {
    if (version > VERSION) {
      throw new IllegalStateException(
          "the saved state of prompt %s has version %d, expected at most %d: another machine runs a newer Millrace, upgrade this one"
              .formatted(id, version, VERSION));
    }
  }

  private void put(byte[] key, Fields fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      fields.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to memory", e);
    }
    store.put(key, bytes.toByteArray());
  }

  private interface Fields {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static byte[] key(String id, int number) {
    byte[] name = id.getBytes(UTF_8);
    return ByteBuffer.allocate(Integer.BYTES + name.length + Integer.BYTES)
        .putInt(name.length)
        .put(name)
        .putInt(number)
        .array();
  }

  /** Writes a length and the bytes; the value of a header may be null. */
  private static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes == null ? NULL : bytes.length);
    if (bytes != null) {
      out.write(bytes);
    }
  }

  private static byte[] bytes(ByteBuffer from) {
    int length = from.getInt();
    if (length == NULL) {
      return null;
    }
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  private static String text(ByteBuffer from) {
    return new String(bytes(from), UTF_8);
  }
}
