package io.millrace.topology;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Sees to it that every transaction in which an app writes commits an offset. Together with the
 * offsets the broker gets the generation of the group in which the app wrote, and refuses an older
 * one: that is what fences a process that stood still while its lanes moved. Kafka Streams commits
 * the offsets of what it has consumed only; a task that has restored prompts and consumed nothing
 * yet would write without any, and nobody would stop it. In such a transaction the last offset of
 * some partition that the app owns is committed again. A transaction without records stays empty,
 * which costs nothing: Kafka Streams ends one in each commit interval, also when nothing happens.
 *
 * <p>Used by the stream thread only.
 */
final class OffsetFence {
  private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
  private Map<TopicPartition, OffsetAndMetadata> pending = Map.of();
  private boolean wrote;

  /** The transaction has a record. */
  void wrote() {
    wrote = true;
  }

  /** These are the committed offsets of partitions that the app owns; null where there is none. */
  void fetched(Map<TopicPartition, OffsetAndMetadata> offsets) {
    offsets.forEach((partition, offset) -> {
      if (offset != null) {
        committed.put(partition, offset);
      }
    });
  }

  /** The app does not own these partitions any more. */
  void left(Collection<TopicPartition> partitions) {
    committed.keySet().removeAll(partitions);
  }

  /**
   * What the transaction commits instead of these offsets: the same, or one if there are none but
   * records.
   */
  Map<TopicPartition, OffsetAndMetadata> fill(Map<TopicPartition, OffsetAndMetadata> offsets) {
    pending = Map.copyOf(offsets);
    // Should this transaction fail, nobody knows whether it was committed, until they are fetched.
    committed.keySet().removeAll(offsets.keySet());
    boolean isSafe = !wrote || !offsets.isEmpty();
    wrote = false;
    if (isSafe || committed.isEmpty()) {
      return offsets;
    }
    Map.Entry<TopicPartition, OffsetAndMetadata> any = committed.entrySet().iterator().next();
    return Map.of(any.getKey(), any.getValue());
  }

  /** The transaction is committed. */
  void committed() {
    committed.putAll(pending);
    pending = Map.of();
  }
}
