package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/**
 * Decides whether an app takes more records. It is open while what the app holds, which is records
 * or the choices that they ask for, and the records that its consumer has handed out but no
 * processor has seen yet, are fewer than its capacity; the rest of the backlog stays in Kafka.
 *
 * <p>Handed-out records are counted by offset: Kafka Streams skips some records without showing
 * them to a processor, and reads others twice when it revives a task.
 *
 * <p>Thread-safe. {@link GatedClients} connects it with the consumer.
 */
public final class Gate {
  private final int capacity;
  private final IntSupplier held;
  private final Map<TopicPartition, NavigableSet<Long>> handedOut = new HashMap<>();

  /**
   * @param capacity what the app may hold, at least 1
   * @param held what the app holds now
   */
  public Gate(int capacity, IntSupplier held) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is %d, expected at least 1".formatted(capacity));
    }
    this.capacity = capacity;
    this.held = requireNonNull(held, "held is null");
  }

  /** Whether one more record may be read. */
  public synchronized boolean isOpen() {
    return held.getAsInt() + inTransit() < capacity;
  }

  /** To be called by the processor, once the app counts the record among those that it holds. */
  public synchronized void processed(RecordMetadata record) {
    NavigableSet<Long> offsets =
        handedOut.get(new TopicPartition(record.topic(), record.partition()));
    if (offsets != null) {
      offsets.headSet(record.offset(), true).clear();
    }
  }

  synchronized void handOut(ConsumerRecord<?, ?> record) {
    handedOut
        .computeIfAbsent(
            new TopicPartition(record.topic(), record.partition()), partition -> new TreeSet<>())
        .add(record.offset());
  }

  /** Drops what was handed out from partitions whose buffered records will never be processed. */
  synchronized void forget(Collection<TopicPartition> partitions) {
    handedOut.keySet().removeAll(partitions);
  }

  private int inTransit() {
    return handedOut.values().stream().mapToInt(NavigableSet::size).sum();
  }
}
