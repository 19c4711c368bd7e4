package io.millrace.topology;

import io.millrace.record.WorkerStatus;
import io.millrace.topology.Fleet.LiveWorker;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * How many choices each worker may still get: its free slots, and a few more so that no slot waits
 * for the next heartbeat, less those on their way. A prompt takes a slot for each of its choices.
 * It is on its way to a lane from when it is sent until a heartbeat of the lane counts it as
 * admitted; a lane keeps the order.
 *
 * <p>Belongs to one task, and starts anew with it: what an aborted transaction sent was never sent.
 */
final class Credit {
  private final int prefetch;
  private final Map<String, Account> accounts = new HashMap<>();

  /**
   * @param prefetch choices that a worker may hold beyond its free slots
   */
  Credit(int prefetch) {
    this.prefetch = prefetch;
  }

  /** Choices that the worker may get now; negative when it has too many. */
  long of(LiveWorker worker) {
    long onTheWay = worker.lanes().stream().mapToLong(this::onTheWay).sum();
    // One that is about to stop has no slots.
    int ahead = worker.latest().slots() == 0 ? 0 : prefetch;
    return worker.latest().freeSlots() + (long) ahead - onTheWay;
  }

  /** Choices sent to the lane that its worker has not admitted, as far as heartbeats tell. */
  long onTheWay(WorkerStatus lane) {
    return account(lane).sent.stream().mapToLong(Sent::choices).sum();
  }

  /** Tokens of those, which the worker's queued tokens do not count yet. */
  long tokensOnTheWay(WorkerStatus lane) {
    return account(lane).sent.stream().mapToLong(Sent::tokens).sum();
  }

  /**
   * Counts a prompt that is sent to the lane.
   *
   * @param choices of the prompt
   * @param tokens of the prompt, and the most that its completion may have
   */
  void spend(WorkerStatus lane, int choices, long tokens) {
    account(lane).sent.addLast(new Sent(choices, tokens));
  }

  private Account account(WorkerStatus lane) {
    return accounts
        .computeIfAbsent(lane.key(), key -> new Account(lane.worker(), lane.admitted()))
        .settle(lane);
  }

  /** A prompt on its way. */
  private record Sent(int choices, long tokens) {}

  /** What one worker got on one lane since a heartbeat. */
  private static final class Account {
    private final Deque<Sent> sent = new ArrayDeque<>();
    private String worker;
    private long admitted;

    Account(String worker, long admitted) {
      this.worker = worker;
      this.admitted = admitted;
    }

    /** Brings it up to date; a lane with a new owner, or a restarted one, starts anew. */
    Account settle(WorkerStatus lane) {
      if (!worker.equals(lane.worker()) || lane.admitted() < admitted) {
        sent.clear();
      } else {
        for (long arrived = lane.admitted() - admitted; arrived > 0 && !sent.isEmpty(); arrived--) {
          sent.removeFirst();
        }
      }
      worker = lane.worker();
      admitted = lane.admitted();
      return this;
    }
  }
}
