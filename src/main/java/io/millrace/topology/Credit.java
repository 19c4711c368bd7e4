package io.millrace.topology;

import io.millrace.record.WorkerStatus;
import io.millrace.topology.Fleet.LiveWorker;
import java.util.HashMap;
import java.util.Map;

/**
 * How many prompts each worker may still get: its free slots, and a few more so that no slot waits
 * for the next heartbeat, less those on their way. A prompt is on its way to a lane from when it is
 * sent until a heartbeat of the lane counts it as admitted.
 *
 * <p>Belongs to one task, and starts anew with it: what an aborted transaction sent was never sent.
 */
final class Credit {
  private final int prefetch;
  private final Map<String, Account> accounts = new HashMap<>();

  /**
   * @param prefetch prompts that a worker may hold beyond its free slots
   */
  Credit(int prefetch) {
    this.prefetch = prefetch;
  }

  /** Prompts that the worker may get now; negative when it has too many. */
  long of(LiveWorker worker) {
    long onTheWay = worker.lanes().stream().mapToLong(this::onTheWay).sum();
    return worker.latest().freeSlots() + (long) prefetch - onTheWay;
  }

  /** Prompts sent to the lane that its worker has not admitted, as far as heartbeats tell. */
  long onTheWay(WorkerStatus lane) {
    return accounts.compute(lane.key(), (key, account) -> Account.settle(account, lane)).onTheWay();
  }

  /** Counts a prompt that is sent to the lane. */
  void spend(WorkerStatus lane) {
    accounts.compute(lane.key(), (key, account) -> Account.settle(account, lane).plusOne());
  }

  /** What one worker got on one lane, up to a heartbeat. */
  private record Account(String worker, long admitted, long onTheWay) {
    /** Brings an account up to date; a lane with a new owner, or a restarted one, has a new one. */
    static Account settle(Account account, WorkerStatus lane) {
      boolean continues =
          account != null
              && account.worker.equals(lane.worker())
              && account.admitted <= lane.admitted();
      long onTheWay =
          continues ? Math.max(0, account.onTheWay - (lane.admitted() - account.admitted)) : 0;
      return new Account(lane.worker(), lane.admitted(), onTheWay);
    }

    Account plusOne() {
      return new Account(worker, admitted, onTheWay + 1);
    }
  }
}
