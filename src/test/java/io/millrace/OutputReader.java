package io.millrace;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads {@code chunks} and {@code completions} from their beginning, committed records only. */
public final class OutputReader implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(20);

  private final Topics topics;
  private final KafkaConsumer<String, byte[]> consumer;
  private final OutputChecker checker = new OutputChecker();
  private final ChunkListener onChunk;

  /** Hears of every chunk. */
  public interface ChunkListener {
    /**
     * @param writtenAt timestamp of its record, epoch milliseconds
     */
    void read(Chunk chunk, long writtenAt);
  }

  /**
   * @param onChunk hears of every chunk as soon as it is read
   */
  public OutputReader(String bootstrapServers, Topics topics, ChunkListener onChunk) {
    this.topics = topics;
    this.onChunk = onChunk;
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                "false"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        Stream.of(topics.chunks(), topics.completions())
            .flatMap(topic -> consumer.partitionsFor(topic).stream())
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList();
    consumer.assign(partitions);
  }

  /** Reads what has come; returns the checker, which has been shown all of it. */
  public OutputChecker poll() {
    for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
      if (record.topic().equals(topics.chunks())) {
        Chunk chunk = Chunk.fromJson(record.value());
        onChunk.read(chunk, record.timestamp());
        checker.add(chunk);
      } else {
        checker.add(Completion.fromJson(record.value()));
      }
    }
    return checker;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
