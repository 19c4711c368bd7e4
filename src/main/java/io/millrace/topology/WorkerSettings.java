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
 * @param maxAttempts attempts at a prompt, each of which ended before a token was committed, after
 *     which it is given up
 * @param maxWorkBytes largest record on the work topic, in bytes
 * @param maxOutputBytes largest value of a chunk or a completion, in bytes; a prompt that needs
 *     more ends with an error. The output topics take at least this, and {@code prompt.max-bytes}
 *     and a little more, because an error carries the prompt's metadata
 */
public record WorkerSettings(
    String worker,
    String model,
    Topics topics,
    Duration heartbeatInterval,
    int maxAttempts,
    int maxWorkBytes,
    int maxOutputBytes) {
  public WorkerSettings {
    requireNonNull(worker, "worker is null");
    requireNonNull(model, "model is null");
    requireNonNull(topics, "topics is null");
    requireNonNull(heartbeatInterval, "heartbeatInterval is null");
  }
}
