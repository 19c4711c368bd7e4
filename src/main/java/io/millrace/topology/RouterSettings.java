package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What an operator sets about the router.
 *
 * @param promptMaxBytes largest prompt record, in bytes
 * @param waitingPrompts prompts from {@code prompts} that wait in the router at most; the others
 *     stay in Kafka
 * @param urgentPrompts the same for {@code prompts.urgent}
 * @param modelQuota prompts of one model that wait in the router at most
 * @param modelInputs models whose prompts have an input of their own, {@code prompts.<model>}
 * @param waitingBytes bytes of all waiting prompts above which neither topic is read
 * @param prefetch choices that a worker gets beyond its free slots
 * @param defaultModel model of prompts that name none; empty for the only known one
 * @param unknownModelTimeout how long a prompt waits for a model that no worker ever had
 * @param noWorkerTimeout how long a prompt waits for a worker of a model that one had
 * @param dedupWindow how long after a prompt was accepted another one with its id is a duplicate
 * @param dedupPrompts prompts that are remembered for that at most, in each partition
 * @param heartbeatExpiry time after its last heartbeat at which a worker counts as dead
 */
public record RouterSettings(
    int promptMaxBytes,
    int waitingPrompts,
    int urgentPrompts,
    int modelQuota,
    Set<String> modelInputs,
    long waitingBytes,
    int prefetch,
    Optional<String> defaultModel,
    Duration unknownModelTimeout,
    Duration noWorkerTimeout,
    Duration dedupWindow,
    int dedupPrompts,
    Duration heartbeatExpiry) {
  public RouterSettings {
    modelInputs = Set.copyOf(modelInputs);
    requireNonNull(defaultModel, "defaultModel is null");
    requireNonNull(unknownModelTimeout, "unknownModelTimeout is null");
    requireNonNull(noWorkerTimeout, "noWorkerTimeout is null");
    requireNonNull(dedupWindow, "dedupWindow is null");
    requireNonNull(heartbeatExpiry, "heartbeatExpiry is null");
  }
}
