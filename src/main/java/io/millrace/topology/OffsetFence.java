package io.millrace.topology;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Sees to it that every transaction of an app commits an offset. Together with the offsets the
 * broker gets the generation of the group in which the app wrote, and refuses an older one: that is
 * what fences a process that stood still while its lanes moved. Kafka Streams commits the offsets
 * of what it has consumed only; a task that has restored prompts and consumed nothing yet would
 * write without any, and nobody would stop it. In such a transaction the last offset of some
 * partition that the app owns is committed again.
 *
 * <p>Used by the stream thread only.
 */
final class OffsetFence {
  private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
  private Map<TopicPartition, OffsetAndMetadata> pending = Map.of();

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

  /** What a transaction commits instead of these offsets: the same, or one if there are none. */
  Map<TopicPartition, OffsetAndMetadata> fill(Map<TopicPartition, OffsetAndMetadata> offsets) {
    pending = Map.copyOf(offsets);
    if (!offsets.isEmpty() || committed.isEmpty()) {
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
