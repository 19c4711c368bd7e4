package io.millrace;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;

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
    consumer = KafkaClients.reader(bootstrapServers, topics.chunks(), topics.completions());
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
