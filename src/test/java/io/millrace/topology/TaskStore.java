package io.millrace.topology;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The stores of a task, without changelogs. */
final class TaskStore {
  private static final int MAX_RECORD_BYTES = 1 << 20;

  private TaskStore() {}

  static KeyValueStore<byte[], byte[]> open() {
    KeyValueStore<byte[], byte[]> store =
        InFlightStore.builder(MAX_RECORD_BYTES).withLoggingDisabled().build();
    store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    return store;
  }

  /** The global store of cancelled ids. */
  static KeyValueStore<String, Long> cancellations() {
    KeyValueStore<String, Long> store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(Cancellations.STORE), Serdes.String(), Serdes.Long())
            .withLoggingDisabled()
            .build();
    store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    return store;
  }
}
