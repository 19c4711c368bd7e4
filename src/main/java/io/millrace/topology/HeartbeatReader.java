package io.millrace.topology;

import io.millrace.record.MalformedRecordException;
import io.millrace.record.Topics;
import io.millrace.record.WorkerStatus;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the global store of heartbeats, and tells the fleet. Kafka Streams runs one instance over
 * what the topic holds at the start and another over what comes later; so whatever was heard before
 * an instance starts is history.
 */
final class HeartbeatReader implements Processor<String, byte[], Void, Void> {
  static final String STORE = "workers";

  private static final Logger LOG = LoggerFactory.getLogger(HeartbeatReader.class);

  private final Topics topics;
  private final Fleet fleet;
  private ProcessorContext<Void, Void> context;
  private KeyValueStore<String, byte[]> store;

  HeartbeatReader(Topics topics, Fleet fleet) {
    this.topics = topics;
    this.fleet = fleet;
  }

  @Override
  public void init(ProcessorContext<Void, Void> newContext) {
    context = newContext;
    store = context.getStateStore(STORE);
    fleet.startOver();
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.key() == null) {
      return;
    }
    store.put(record.key(), record.value());
    if (record.value() == null) {
      fleet.forget(record.key());
      return;
    }
    try {
      WorkerStatus status = WorkerStatus.fromJson(record.value());
      check(status, record.key());
      fleet.heard(status, context.currentSystemTimeMs());
    } catch (MalformedRecordException | IllegalArgumentException e) {
      LOG.warn("Ignoring the heartbeat {}: {}", record.key(), e.getMessage());
    }
  }

  /** A heartbeat decides where prompts go: to a legal topic, and a partition of it. */
  private void check(WorkerStatus status, String key) {
    topics.work(status.model());
    if (status.lane() < 0 || !status.key().equals(key)) {
      throw new IllegalArgumentException(
          "it is of lane %d of %s, expected the lane that its key names"
              .formatted(status.lane(), status.model()));
    }
  }
}
