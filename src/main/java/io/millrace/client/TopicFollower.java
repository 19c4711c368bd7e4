package io.millrace.client;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads all partitions of topics as they grow: committed records only, without a consumer group.
 *
 * <p>{@link #run} reads on the thread that calls it, until another thread calls {@link #close}.
 */
public final class TopicFollower implements Runnable, AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final int ANSWER_TIMEOUT_MILLIS = 10_000;

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Consumer<? super ConsumerRecord<byte[], byte[]>> listener;
  private volatile boolean closed;

  private TopicFollower(
      KafkaConsumer<byte[], byte[]> consumer,
      Consumer<? super ConsumerRecord<byte[], byte[]>> listener) {
    this.consumer = consumer;
    this.listener = listener;
  }

  /** Where following begins. */
  public enum Start {
    /** With the oldest record that the topic still holds. */
    BEGINNING,
    /** After the newest record at the time of opening. */
    END
  }

  /**
   * Connects, and settles where to begin: records that are written after this returns are read.
   *
   * @param kafka settings of Kafka's clients
   * @param listener gets every record, in the order of its partition
   * @throws MillraceClientException when no broker answers, or a topic is missing
   */
  public static TopicFollower open(
      Map<String, ?> kafka,
      Collection<String> topics,
      Start start,
      Consumer<? super ConsumerRecord<byte[], byte[]>> listener) {
    List<TopicPartition> partitions =
        TopicLookup.partitions(kafka, topics).values().stream().flatMap(List::stream).toList();
    return open(kafka, partitions, start, listener);
  }

  static TopicFollower open(
      Map<String, ?> kafka,
      List<TopicPartition> partitions,
      Start start,
      Consumer<? super ConsumerRecord<byte[], byte[]>> listener) {
    requireNonNull(listener, "listener is null");
    KafkaConsumer<byte[], byte[]> consumer = consumer(kafka);
    try {
      consumer.assign(partitions);
      switch (start) {
        case BEGINNING -> consumer.seekToBeginning(partitions);
        case END -> consumer.seekToEnd(partitions);
      }
      // Seeking is lazy: without this, records written before the first poll would be skipped.
      partitions.forEach(consumer::position);
      return new TopicFollower(consumer, listener);
    } catch (KafkaException e) {
      consumer.close(CloseOptions.timeout(Duration.ZERO));
      throw new MillraceClientException(
          e instanceof TimeoutException
              ? "no Kafka broker answers at " + TopicLookup.address(kafka)
              : "cannot follow %s: %s".formatted(partitions, e.getMessage()),
          e);
    }
  }

  /**
   * Reads until closed or interrupted.
   *
   * @throws MillraceClientException when it cannot go on; lost connections are not such a case
   */
  @Override
  public void run() {
    try (consumer) {
      while (!closed) {
        consumer.poll(POLL).forEach(listener);
      }
    } catch (WakeupException | InterruptException e) {
      // Asked to end.
    } catch (RuntimeException e) {
      throw new MillraceClientException("cannot read on: " + e.getMessage(), e);
    }
  }

  /** Makes {@link #run} return soon. */
  @Override
  public void close() {
    closed = true;
    consumer.wakeup();
  }

  private static KafkaConsumer<byte[], byte[]> consumer(Map<String, ?> kafka) {
    Map<String, Object> config = new HashMap<>();
    config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_TIMEOUT_MILLIS);
    config.putAll(kafka);
    config.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    config.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    // Only when retention has overtaken this reader: go on with what is left.
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    try {
      return new KafkaConsumer<>(config);
    } catch (KafkaException e) {
      throw TopicLookup.unusable(kafka, e);
    }
  }
}
