package io.millrace.topology;

import io.millrace.record.WorkerStatus;

/** Heartbeats for tests. */
final class Heartbeats {
  static final long INTERVAL_MILLIS = 1_000;

  private Heartbeats() {}

  static WorkerStatus of(String model, int lane, String worker, int freeSlots, long admitted) {
    return new WorkerStatus(
        model,
        lane,
        worker,
        8,
        freeSlots,
        admitted,
        0,
        0,
        2_048,
        "test",
        "f00d",
        0,
        INTERVAL_MILLIS);
  }
}
