package io.millrace.topology;

import io.millrace.record.WorkerStatus;

/** Heartbeats for tests. */
final class Heartbeats {
  static final long INTERVAL_MILLIS = 1_000;

  private Heartbeats() {}

  static WorkerStatus of(String model, int lane, String worker, int freeSlots, long admitted) {
    return of(model, lane, worker, 8, freeSlots, admitted, 0, 0);
  }

  /** Of a worker that has admitted nothing. */
  static WorkerStatus of(
      String model,
      int lane,
      String worker,
      int freeSlots,
      long queuedTokens,
      double tokensPerSecond) {
    return of(model, lane, worker, 8, freeSlots, 0, queuedTokens, tokensPerSecond);
  }

  /** The last of a worker. */
  static WorkerStatus stopping(String model, int lane, String worker) {
    return of(model, lane, worker, 0, 0, 0, 0, 0);
  }

  private static WorkerStatus of(
      String model,
      int lane,
      String worker,
      int slots,
      int freeSlots,
      long admitted,
      long queuedTokens,
      double tokensPerSecond) {
    return new WorkerStatus(
        model,
        lane,
        worker,
        slots,
        freeSlots,
        admitted,
        queuedTokens,
        tokensPerSecond,
        2_048,
        "test",
        "f00d",
        0,
        INTERVAL_MILLIS);
  }
}
