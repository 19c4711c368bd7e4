package io.millrace.topology;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The main consumer of a Kafka Streams app, which does not read the partitions of topics whose gate
 * is shut. Kafka Streams pauses partitions too, while it restores a task or has buffered enough;
 * opening a gate never resumes those, and Kafka Streams never resumes what a gate holds back.
 */
final class GatedConsumer extends KafkaConsumer<byte[], byte[]> {
  private final Map<String, Gate> gates;
  private final OffsetFence fence;
  private final Set<TopicPartition> pausedByStreams = new HashSet<>();
  private Set<TopicPartition> heldBack = Set.of();

  GatedConsumer(Map<String, Object> config, Map<String, Gate> gates, OffsetFence fence) {
    super(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.gates = gates;
    this.fence = fence;
  }

  @Override
  public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    moveGates();
    ConsumerRecords<byte[], byte[]> records = super.poll(timeout);
    for (ConsumerRecord<byte[], byte[]> record : records) {
      Gate gate = gates.get(record.topic());
      if (gate != null) {
        gate.handOut(record);
      }
    }
    return records;
  }

  private void moveGates() {
    Set<TopicPartition> shut = new HashSet<>(assignment());
    Set<TopicPartition> opened = new HashSet<>(heldBack);
    opened.retainAll(shut);
    opened.removeAll(pausedByStreams);
    shut.removeIf(partition -> isOpen(partition.topic()));
    opened.removeAll(shut);
    // All of them, not only the new ones: a partition that left and came back is not paused.
    super.pause(shut);
    super.resume(opened);
    heldBack = shut;
  }

  private boolean isOpen(String topic) {
    Gate gate = gates.get(topic);
    return gate == null || gate.isOpen();
  }

  @Override
  public Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
    Map<TopicPartition, OffsetAndMetadata> offsets = super.committed(partitions);
    fence.fetched(offsets);
    return offsets;
  }

  @Override
  public Map<TopicPartition, OffsetAndMetadata> committed(
      Set<TopicPartition> partitions, Duration timeout) {
    Map<TopicPartition, OffsetAndMetadata> offsets = super.committed(partitions, timeout);
    fence.fetched(offsets);
    return offsets;
  }

  @Override
  public void pause(Collection<TopicPartition> partitions) {
    super.pause(partitions);
    pausedByStreams.addAll(partitions);
  }

  @Override
  public void resume(Collection<TopicPartition> partitions) {
    pausedByStreams.removeAll(partitions);
    Set<TopicPartition> free = new HashSet<>(partitions);
    free.removeAll(heldBack);
    super.resume(free);
  }

  @Override
  public void subscribe(Collection<String> topics, ConsumerRebalanceListener listener) {
    super.subscribe(topics, forgetting(listener));
  }

  @Override
  public void subscribe(Pattern topics, ConsumerRebalanceListener listener) {
    super.subscribe(topics, forgetting(listener));
  }

  @Override
  public void seek(TopicPartition partition, OffsetAndMetadata offset) {
    forget(List.of(partition));
    super.seek(partition, offset);
  }

  @Override
  public void seekToBeginning(Collection<TopicPartition> partitions) {
    forget(partitions);
    super.seekToBeginning(partitions);
  }

  @Override
  public void seekToEnd(Collection<TopicPartition> partitions) {
    forget(partitions);
    super.seekToEnd(partitions);
  }

  @Override
  public void unsubscribe() {
    forget(assignment());
    super.unsubscribe();
  }

  @Override
  public void close(CloseOptions options) {
    forget(assignment());
    super.close(options);
  }

  @Override
  public void close() {
    forget(assignment());
    super.close();
  }

  /** Kafka Streams drops the records that it has buffered of these partitions. */
  private void forget(Collection<TopicPartition> partitions) {
    gates.values().forEach(gate -> gate.forget(partitions));
  }

  private ConsumerRebalanceListener forgetting(ConsumerRebalanceListener listener) {
    return new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        listener.onPartitionsAssigned(partitions);
      }

      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        leave(partitions);
        try {
          listener.onPartitionsRevoked(partitions); // commits them once more
        } finally {
          fence.left(partitions);
        }
      }

      @Override
      public void onPartitionsLost(Collection<TopicPartition> partitions) {
        leave(partitions);
        try {
          listener.onPartitionsLost(partitions);
        } finally {
          fence.left(partitions);
        }
      }

      private void leave(Collection<TopicPartition> partitions) {
        forget(partitions);
        pausedByStreams.removeAll(partitions);
      }
    };
  }
}
