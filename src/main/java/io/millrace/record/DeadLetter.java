package io.millrace.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.millrace.record.Completion.ErrorBody;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * A record that nobody can read, kept on {@code dead-letters} as it was, with the reason in its
 * headers.
 */
public final class DeadLetter {
  private static final int MAX_KEY_BYTES = 1024;

  private final String id;
  private final byte[] value;
  private final SequencedMap<String, byte[]> headers = new LinkedHashMap<>();

  /**
   * @param id the id under which the prompt was answered
   * @param key the original's, null when it has none
   * @param value the original's, null when it has none
   * @param maxBytes bytes of the value to keep: what one record of {@code dead-letters} may hold
   */
  public DeadLetter(
      String id, byte[] key, byte[] value, Origin origin, ErrorBody error, int maxBytes) {
    this.id = requireNonNull(id, "id is null");
    this.value = value == null ? new byte[0] : truncate(value, maxBytes);
    header("millrace.error.code", error.code());
    header("millrace.error.message", error.message());
    header("millrace.original.topic", origin.topic());
    header("millrace.original.partition", Integer.toString(origin.partition()));
    header("millrace.original.offset", Long.toString(origin.offset()));
    header("millrace.original.timestamp", Long.toString(origin.timestamp()));
    header("millrace.original.bytes", Integer.toString(value == null ? -1 : value.length));
    if (key != null) {
      headers.put("millrace.original.key", truncate(key, MAX_KEY_BYTES));
    }
  }

  /** The record's key. */
  public String id() {
    return id;
  }

  /** The record's value: the original's first bytes; empty when the original has none. */
  public byte[] value() {
    return value.clone();
  }

  /**
   * The record's headers: why the original is here, and where it was. {@code
   * millrace.original.bytes} is the size of its value, -1 when it has none.
   */
  public SequencedMap<String, byte[]> headers() {
    return new LinkedHashMap<>(headers);
  }

  private void header(String name, String text) {
    headers.put(name, text.getBytes(UTF_8));
  }

  private static byte[] truncate(byte[] bytes, int maxBytes) {
    return Arrays.copyOf(bytes, Math.min(bytes.length, maxBytes));
  }
}
