package io.millrace.topology;

import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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

  /** Time in which a speed that is no longer reached counts for about a third. */
  private static final double SPEED_MEMORY_MILLIS = 300_000;

  private final Map<String, Heard> lanes = new HashMap<>();
  private final Map<String, Speed> speeds = new HashMap<>();
  private final Map<String, Long> models = new TreeMap<>();
  private volatile Set<String> known = Set.of();

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
    speeds.merge(
        status.model() + "/" + status.worker(),
        new Speed(status.tokensPerSecond(), now),
        Speed::then);
    if (models.put(status.model(), now) == null) {
      known = new TreeSet<>(models.keySet());
    }
  }

  /** Forgets a lane whose heartbeat was deleted, and a model that has no other. */
  synchronized void forget(String key) {
    lanes.remove(key);
    String model = key.substring(0, Math.max(0, key.lastIndexOf('/')));
    boolean hasOthers =
        lanes.values().stream().anyMatch(lane -> lane.status().model().equals(model));
    if (!hasOthers && models.remove(model) != null) {
      known = new TreeSet<>(models.keySet());
    }
  }

  /** Keeps the models only: what was heard so far was history, and does not tell who lives. */
  synchronized void startOver() {
    lanes.clear();
    models.replaceAll((model, heardAt) -> Long.MIN_VALUE);
  }

  /** Models that a worker ever had. */
  Set<String> models() {
    return Collections.unmodifiableSet(known);
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
    return byWorker.entrySet().stream()
        .map(worker -> {
          Speed speed = speeds.get(model + "/" + worker.getKey());
          return LiveWorker.of(worker.getValue(), speed.tokensPerSecond());
        })
        .toList();
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
   * @param speed tokens per second that it has lately reached at best: how fast it is when busy; 0
   *     when it has generated none
   */
  record LiveWorker(WorkerStatus latest, List<WorkerStatus> lanes, double speed) {
    private static LiveWorker of(List<Heard> heard, double speed) {
      WorkerStatus latest =
          heard.stream().max(Comparator.comparingLong(Heard::at)).orElseThrow().status();
      return new LiveWorker(
          latest,
          heard.stream()
              .map(Heard::status)
              .sorted(Comparator.comparingInt(WorkerStatus::lane))
              .toList(),
          speed);
    }
  }

  private record Heard(WorkerStatus status, long at) {}

  private record Speed(double tokensPerSecond, long at) {
    Speed then(Speed next) {
      double kept = tokensPerSecond * Math.exp((at - next.at) / SPEED_MEMORY_MILLIS);
      return new Speed(Math.max(kept, next.tokensPerSecond), next.at);
    }
  }
}
