package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.assignment.assignors.StickyTaskAssignor;

/**
 * Settings of Kafka Streams that the router app and the worker app share.
 *
 * @param applicationId names the consumer group, the changelog topics and the transactions
 * @param bootstrapServers brokers, {@code host:port} separated by commas
 * @param instance {@code worker.id}, unique among live processes: a restarted process takes its
 *     place in the group again, and ends the transaction that its predecessor left open
 * @param stateDir directory of this app and process alone
 * @param sessionTimeout how long after its last sign of life a process counts as dead; brokers
 *     refuse less than their {@code group.min.session.timeout.ms} (6 s by default)
 * @param maxRecordBytes size of the largest record that the app writes
 * @param kafka further settings of Kafka Streams and its clients; they win over the values here,
 *     except over those that exactly-once output rests on
 */
public record StreamsSettings(
    String applicationId,
    String bootstrapServers,
    String instance,
    Path stateDir,
    Duration sessionTimeout,
    int maxRecordBytes,
    Map<String, String> kafka) {

  /**
   * An open transaction hides what all workers write after it from read-committed readers, so a
   * dead worker must not keep one for long; and a live one that stalls for longer loses its lanes.
   * It is open for about one commit interval (50 ms) at a time. Broker side, see {@code
   * transaction.abort.timed.out.transaction.cleanup.interval.ms}.
   */
  private static final int TRANSACTION_TIMEOUT_MILLIS = 2_000;

  /** Room for keys, headers and the framing of a batch, in bytes. */
  private static final int RECORD_OVERHEAD = 64 * 1024;

  /** Of settings for one kind of client, such as {@code main.consumer.}. */
  private static final Pattern CLIENT_PREFIX =
      Pattern.compile("^((main\\.|global\\.)?consumer|producer|admin)\\.");

  private static final Set<String> FIXED =
      Set.of(
          StreamsConfig.APPLICATION_ID_CONFIG,
          StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
          StreamsConfig.GROUP_PROTOCOL_CONFIG,
          StreamsConfig.NUM_STREAM_THREADS_CONFIG,
          StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
          StreamsConfig.STATE_DIR_CONFIG,
          ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
          ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
          ConsumerConfig.ISOLATION_LEVEL_CONFIG,
          ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
          ProducerConfig.TRANSACTIONAL_ID_CONFIG);

  public StreamsSettings {
    requireNonNull(applicationId, "applicationId is null");
    requireNonNull(bootstrapServers, "bootstrapServers is null");
    requireNonNull(instance, "instance is null");
    requireNonNull(stateDir, "stateDir is null");
    requireNonNull(sessionTimeout, "sessionTimeout is null");
    kafka = Map.copyOf(kafka);
    for (String key : kafka.keySet()) {
      if (FIXED.contains(CLIENT_PREFIX.matcher(key).replaceFirst(""))) {
        throw new IllegalArgumentException(
            "kafka.%s cannot be set: exactly-once output or back-pressure rests on it; remove it"
                .formatted(key));
      }
    }
  }

  /** The configuration of {@link org.apache.kafka.streams.KafkaStreams}. */
  public Map<String, Object> config() {
    Map<String, Object> config = new HashMap<>();
    config.put(StreamsConfig.CLIENT_ID_CONFIG, applicationId + "-" + instance);
    // The poll wait is the longest pause between two looks at the engine's events.
    config.put(StreamsConfig.POLL_MS_CONFIG, 10);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 50);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    config.put(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, RecordTime.class.getName());
    // At 0, an input that a gate holds back would block the app's other inputs.
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, -1);
    // The default assignor would let a new worker wait ten minutes for lanes with a long changelog.
    config.put(StreamsConfig.TASK_ASSIGNOR_CLASS_CONFIG, StickyTaskAssignor.class.getName());
    config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, millis(sessionTimeout));
    // Members learn of a rebalance by the answer to a heartbeat, and it waits for the last of them.
    config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, millis(sessionTimeout) / 10);
    // A restoration is over sooner when the broker does not wait for records that nobody writes.
    config.put(StreamsConfig.restoreConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 20);
    // A gate overshoots by the records of one poll less one. Restoring reads as many as it can.
    config.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 1);
    config.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_TIMEOUT_MILLIS);
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, maxRecordBytes + RECORD_OVERHEAD);
    config.putAll(kafka);
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, applicationId);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    config.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    // The streams protocol would bypass the consumer that obeys the gate.
    config.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "classic");
    config.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, instance);
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    return config;
  }

  /** Name of the app's transactions: the same in each process that has this instance. */
  String transactionalId() {
    return applicationId + "-" + instance;
  }

  private static int millis(Duration duration) {
    return Math.toIntExact(duration.toMillis());
  }
}
