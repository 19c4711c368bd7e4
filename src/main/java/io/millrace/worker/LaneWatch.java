package io.millrace.worker;

import org.apache.kafka.streams.KafkaStreams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of a worker that gets no work because others have all lanes. */
final class LaneWatch implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(LaneWatch.class);

  private final KafkaStreams app;
  private final String topic;
  private boolean hasWarned;

  /**
   * @param topic the lanes
   */
  LaneWatch(KafkaStreams app, String topic) {
    this.app = app;
    this.topic = topic;
  }

  /** Looks once; to be run from time to time, by one thread. */
  @Override
  public void run() {
    boolean isIdle =
        app.state() == KafkaStreams.State.RUNNING
            && app.metadataForLocalThreads().stream()
                .allMatch(thread -> thread.activeTasks().isEmpty());
    if (isIdle && !hasWarned) {
      LOG.warn(
          "This worker has nothing to do: other workers have all partitions of {}. It takes over when one of them ends",
          topic);
    }
    hasWarned = isIdle;
  }
}
