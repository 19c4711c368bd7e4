package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaClientSupplier;

/**
 * The Kafka clients of an app with one stream thread: its main consumer obeys gates, and its
 * producer counts commits, commits no records without an offset, and keeps its transactional id
 * over restarts.
 *
 * <p>Kafka Streams would draw a new transactional id in each process that has only in-memory
 * stores. The open transaction of a process that was killed then pins every output partition, and
 * the offsets to resume from, until it times out; under the same id the next process ends it at
 * once.
 */
public final class GatedClients implements KafkaClientSupplier {
  private final Map<String, Gate> gates;
  private final Commits commits;
  private final String transactionalId;
  private OffsetFence fence = new OffsetFence();

  /**
   * @param gates input topics and their gates; other topics are read without one
   * @param commits counts the producer's transactions
   * @param transactionalId unique among live processes
   */
  public GatedClients(Map<String, Gate> gates, Commits commits, String transactionalId) {
    this.gates = Map.copyOf(gates);
    this.commits = requireNonNull(commits, "commits is null");
    this.transactionalId = requireNonNull(transactionalId, "transactionalId is null");
  }

  @Override
  public Admin getAdmin(Map<String, Object> config) {
    return Admin.create(config);
  }

  @Override
  public Producer<byte[], byte[]> getProducer(Map<String, Object> config) {
    Map<String, Object> named = new HashMap<>(config);
    named.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    return new KafkaProducer<>(named, new ByteArraySerializer(), new ByteArraySerializer()) {
      @Override
      public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        fence.wrote();
        return super.send(record, callback);
      }

      @Override
      public void sendOffsetsToTransaction(
          Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
        super.sendOffsetsToTransaction(fence.fill(offsets), group);
      }

      @Override
      public void commitTransaction() {
        super.commitTransaction();
        fence.committed();
        commits.count();
      }
    };
  }

  @Override
  public Consumer<byte[], byte[]> getConsumer(Map<String, Object> config) {
    // Of a new stream thread, which owns nothing yet.
    fence = new OffsetFence();
    return new GatedConsumer(config, gates, fence);
  }

  @Override
  public Consumer<byte[], byte[]> getRestoreConsumer(Map<String, Object> config) {
    return ungated(config);
  }

  @Override
  public Consumer<byte[], byte[]> getGlobalConsumer(Map<String, Object> config) {
    return ungated(config);
  }

  private static Consumer<byte[], byte[]> ungated(Map<String, Object> config) {
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
