package io.millrace.topology;

import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;

/** The in-flight store of a task, without a changelog. */
final class TaskStore {
  private static final int MAX_RECORD_BYTES = 1 << 20;

  private TaskStore() {}

  static KeyValueStore<byte[], byte[]> open() {
    KeyValueStore<byte[], byte[]> store =
        InFlightStore.builder(MAX_RECORD_BYTES).withLoggingDisabled().build();
    store.init(new MockProcessorContext<>().getStateStoreContext(), store);
    return store;
  }
}
