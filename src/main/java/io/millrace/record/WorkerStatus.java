package io.millrace.record;

import static java.util.Objects.requireNonNull;

/**
 * A heartbeat on {@code workers}, keyed {@code <model>/<lane>}: one for each lane that a worker
 * owns. Slots, tokens and rate are the worker's, not the lane's.
 *
 * @param model name of the model
 * @param lane partition of {@code work.<model>}
 * @param worker {@code worker.id}, unique among live workers
 * @param slots prompts it takes at once
 * @param freeSlots slots that neither a running nor an admitted prompt holds
 * @param admitted prompts taken from this lane since the worker owns it: the router subtracts them
 *     from those it sent, and so knows how many are still on their way
 * @param queuedTokens tokens still to compute
 * @param tokensPerSecond measured rate, 0 before the first step
 * @param contextLength most tokens of prompt and completion together
 * @param build version and backend
 * @param fingerprint of weights and tokenizer
 * @param sentAt epoch milliseconds by the worker's clock, for people
 * @param intervalMillis time between heartbeats
 */
public record WorkerStatus(
    String model,
    int lane,
    String worker,
    int slots,
    int freeSlots,
    long admitted,
    long queuedTokens,
    double tokensPerSecond,
    int contextLength,
    String build,
    String fingerprint,
    long sentAt,
    long intervalMillis) {
  public WorkerStatus {
    requireNonNull(model, "model is null");
    requireNonNull(worker, "worker is null");
    requireNonNull(build, "build is null");
    requireNonNull(fingerprint, "fingerprint is null");
  }

  /** Key of this heartbeat on {@code workers}. */
  public String key() {
    return model + "/" + lane;
  }
}
