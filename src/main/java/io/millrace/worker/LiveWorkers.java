package io.millrace.worker;

import io.millrace.record.MalformedRecordException;
import io.millrace.record.Topics;
import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Looks for live workers on {@code workers}. */
final class LiveWorkers {
  private static final Duration POLL = Duration.ofMillis(100);

  /** Heartbeats that may be late before a worker counts as dead. */
  private static final int MISSED_HEARTBEATS = 3;

  private final Map<String, Object> kafka;
  private final String topic;

  /**
   * @param clients settings of Kafka's clients
   */
  LiveWorkers(Map<String, String> clients, Topics topics) {
    kafka = new HashMap<>(clients);
    kafka.put("isolation.level", "read_committed");
    kafka.put("enable.auto.commit", "false");
    kafka.put("auto.offset.reset", "earliest");
    topic = topics.workers();
  }

  /**
   * The first worker that matters and lives. A heartbeat that is there already may be a dead
   * worker's, so this waits for the next: a few intervals, if there is one that matters at all.
   *
   * @param matters is asked about heartbeats of workers that have not stopped as planned
   */
  Optional<WorkerStatus> find(Predicate<WorkerStatus> matters) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Predicate<WorkerStatus> isCandidate = status -> status.slots() > 0 && matters.test(status);
      long patience =
          MISSED_HEARTBEATS
              * readToEnd(consumer).values().stream()
                  .filter(isCandidate)
                  .mapToLong(WorkerStatus::intervalMillis)
                  .max()
                  .orElse(0);
      long deadline = System.nanoTime() + Duration.ofMillis(patience).toNanos();
      Optional<WorkerStatus> found = Optional.empty();
      while (found.isEmpty() && System.nanoTime() < deadline) {
        found = poll(consumer).values().stream().filter(isCandidate).findFirst();
      }
      return found;
    }
  }

  /** The last heartbeat of each lane. */
  private static Map<String, WorkerStatus> readToEnd(KafkaConsumer<byte[], byte[]> consumer) {
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    Map<String, WorkerStatus> last = new HashMap<>();
    while (ends.entrySet().stream()
        .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
      last.putAll(poll(consumer));
    }
    return last;
  }

  private static Map<String, WorkerStatus> poll(KafkaConsumer<byte[], byte[]> consumer) {
    Map<String, WorkerStatus> read = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
      if (record.value() != null) {
        try {
          WorkerStatus status = WorkerStatus.fromJson(record.value());
          read.put(status.key(), status);
        } catch (MalformedRecordException e) {
          // The router warns of it.
        }
      }
    }
    return read;
  }
}
