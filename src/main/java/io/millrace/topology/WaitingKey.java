package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;

/**
 * Place of a prompt in the waiting store: urgent ones first, then by priority, then by arrival.
 *
 * @param urgent whether it came from {@code prompts.urgent}
 * @param priority lower first
 * @param arrival epoch microseconds at which the router took it, unique in a store
 * @param id of the prompt
 */
record WaitingKey(boolean urgent, int priority, long arrival, String id)
    implements Comparable<WaitingKey> {
  private static final Comparator<WaitingKey> ORDER =
      Comparator.comparing(WaitingKey::urgent)
          .reversed()
          .thenComparingInt(WaitingKey::priority)
          .thenComparingLong(WaitingKey::arrival);

  WaitingKey {
    requireNonNull(id, "id is null");
  }

  /** Epoch milliseconds at which the router took the prompt. */
  long acceptedAt() {
    return Math.floorDiv(arrival, 1_000L);
  }

  @Override
  public int compareTo(WaitingKey other) {
    return ORDER.compare(this, other);
  }

  byte[] toBytes() {
    byte[] name = id.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + Integer.BYTES + Long.BYTES + name.length)
        .put((byte) (urgent ? 1 : 0))
        .putInt(priority)
        .putLong(arrival)
        .put(name)
        .array();
  }

  static WaitingKey of(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    boolean urgent = buffer.get() == 1;
    int priority = buffer.getInt();
    long arrival = buffer.getLong();
    return new WaitingKey(
        urgent, priority, arrival, StandardCharsets.UTF_8.decode(buffer).toString());
  }
}
