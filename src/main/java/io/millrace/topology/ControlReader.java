package io.millrace.topology;

import io.millrace.record.Control;
import io.millrace.record.MalformedRecordException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the global store of cancelled ids, each with the timestamp of its record, for {@link
 * Cancellations}. It holds a bounded number, the latest.
 */
final class ControlReader implements Processor<String, byte[], Void, Void> {
  /** About 50 MB of ids. */
  private static final int MAX_CANCELLATIONS = 250_000;

  private static final Logger LOG = LoggerFactory.getLogger(ControlReader.class);

  private KeyValueStore<String, Long> store;
  private final Deque<String> oldestFirst = new ArrayDeque<>();

  /**
   * Adds the store and this reader of it.
   *
   * @param topic name of {@code control}
   */
  static Topology addTo(Topology topology, String topic) {
    return topology.addGlobalStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(Cancellations.STORE), Serdes.String(), Serdes.Long())
            .withLoggingDisabled(),
        "control",
        new StringDeserializer(),
        new ByteArrayDeserializer(),
        topic,
        "cancellations",
        ControlReader::new);
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    store = context.getStateStore(Cancellations.STORE);
    List<KeyValue<String, Long>> known = new ArrayList<>();
    try (KeyValueIterator<String, Long> all = store.all()) {
      all.forEachRemaining(known::add);
    }
    known.sort(Comparator.comparing(cancelled -> cancelled.value));
    known.forEach(cancelled -> oldestFirst.add(cancelled.key));
  }

  @Override
  public void process(Record<String, byte[]> record) {
    if (record.key() == null || record.value() == null) {
      return;
    }
    try {
      switch (Control.fromJson(record.value()).action()) {
        case CANCEL -> cancel(record.key(), record.timestamp());
      }
    } catch (MalformedRecordException e) {
      LOG.warn("Ignoring a record of the control topic: {}", e.getMessage());
    }
  }

  private void cancel(String id, long timestamp) {
    if (store.get(id) == null) {
      oldestFirst.add(id);
    }
    store.put(id, timestamp);
    while (oldestFirst.size() > MAX_CANCELLATIONS) {
      store.delete(oldestFirst.remove());
    }
  }
}
