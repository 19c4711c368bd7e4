package io.millrace.topology;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The planned end of a worker: it is asked for, and each task answers when it is ready. */
final class HandOver {
  private final Set<Integer> working = ConcurrentHashMap.newKeySet();
  private volatile boolean asked;

  /** A task works on this lane. */
  void started(int lane) {
    working.add(lane);
  }

  /** The task of this lane has nothing in the engine any more. */
  void ended(int lane) {
    working.remove(lane);
  }

  void ask() {
    asked = true;
  }

  boolean isAsked() {
    return asked;
  }

  /** Whether no task works any more. */
  boolean isDone() {
    return asked && working.isEmpty();
  }
}
