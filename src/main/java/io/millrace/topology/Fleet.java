package io.millrace.topology;

import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The workers that heartbeats tell of. Time is this router's own: epoch milliseconds at which a
 * heartbeat was received, because the clocks of two machines differ.
 *
 * <p>Thread-safe: heartbeats arrive on the global thread of Kafka Streams, stream threads ask.
 */
final class Fleet {
  /** Heartbeats that may be late before a worker counts as dead. */
  private static final int MISSED_HEARTBEATS = 3;

  private final long expiryMillis;
  private final Map<String, Heard> lanes = new HashMap<>();
  private final Map<String, Long> models = new HashMap<>();

  /**
   * @param expiry time after its last heartbeat at which a worker counts as dead. It must be longer
   *     than the broker takes to abort the transaction of a dead worker, which holds back the
   *     heartbeats of all.
   */
  Fleet(Duration expiry) {
    expiryMillis = expiry.toMillis();
  }

  /** Takes a heartbeat. */
  synchronized void heard(WorkerStatus status, long now) {
    lanes.put(status.key(), new Heard(status, now));
    models.put(status.model(), now);
  }

  /** Forgets a lane whose heartbeat was deleted. */
  synchronized void forget(String key) {
    lanes.remove(key);
  }

  /** Keeps the models only: what was heard so far was history, and does not tell who lives. */
  synchronized void startOver() {
    lanes.clear();
    models.replaceAll((model, heardAt) -> Long.MIN_VALUE);
  }

  /** Models that a worker ever had. */
  synchronized Set<String> models() {
    return new TreeSet<>(models.keySet());
  }

  /** When a worker of the model was last heard, {@link Long#MIN_VALUE} if never by this router. */
  synchronized long lastHeard(String model) {
    return models.getOrDefault(model, Long.MIN_VALUE);
  }

  /** Live workers of a model. */
  synchronized Collection<LiveWorker> workers(String model, long now) {
    Map<String, List<Heard>> byWorker = new HashMap<>();
    for (Heard lane : lanes.values()) {
      if (lane.status().model().equals(model) && isLive(lane, now)) {
        byWorker.computeIfAbsent(lane.status().worker(), worker -> new ArrayList<>()).add(lane);
      }
    }
    return byWorker.values().stream().map(LiveWorker::of).toList();
  }

  private boolean isLive(Heard lane, long now) {
    long patience = Math.max(expiryMillis, MISSED_HEARTBEATS * lane.status().intervalMillis());
    return now - lane.at() <= patience;
  }

  /**
   * A worker that was heard of lately.
   *
   * @param latest its last heartbeat: slots are the worker's, whichever lane they were said for
   * @param lanes the last heartbeat of each of its lanes; at least one, in order of the lanes
   */
  record LiveWorker(WorkerStatus latest, List<WorkerStatus> lanes) {
    private static LiveWorker of(List<Heard> heard) {
      WorkerStatus latest =
          heard.stream().max(Comparator.comparingLong(Heard::at)).orElseThrow().status();
      return new LiveWorker(
          latest,
          heard.stream()
              .map(Heard::status)
              .sorted(Comparator.comparingInt(WorkerStatus::lane))
              .toList());
    }
  }

  private record Heard(WorkerStatus status, long at) {}
}
