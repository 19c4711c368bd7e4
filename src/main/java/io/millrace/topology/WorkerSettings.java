package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.millrace.record.Topics;
import java.time.Duration;

/**
 * What the worker app needs to know beside its engine.
 *
 * @param worker {@code worker.id}
 * @param model name of the model, a part of the name of its work topic
 * @param heartbeatInterval time between two heartbeats of a lane on which nothing happens
 * @param maxRecordBytes largest value that is written; a prompt whose output is larger ends with an
 *     error. At most what the output topics and the producer take
 */
public record WorkerSettings(
    String worker, String model, Topics topics, Duration heartbeatInterval, int maxRecordBytes) {
  public WorkerSettings {
    requireNonNull(worker, "worker is null");
    requireNonNull(model, "model is null");
    requireNonNull(topics, "topics is null");
    requireNonNull(heartbeatInterval, "heartbeatInterval is null");
  }
}
