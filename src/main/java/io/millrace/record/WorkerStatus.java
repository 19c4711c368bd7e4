package io.millrace.record;

import static java.util.Objects.requireNonNull;

/**
 * A heartbeat on {@code workers}, keyed {@code <model>/<lane>}: one for each lane that a worker
 * owns. Slots, tokens and rate are the worker's, not the lane's.
 *
 * @param model name of the model
 * @param lane partition of {@code work.<model>}
 * @param worker {@code worker.id}, unique among live workers
 * @param slots choices of prompts it takes at once
 * @param freeSlots slots that no choice of an admitted prompt holds
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
    Finite.check("tokensPerSecond", tokensPerSecond);
  }

  /**
   * Reads a record's value.
   *
   * @throws MalformedRecordException when it holds no heartbeat
   */
  public static WorkerStatus fromJson(byte[] value) {
    Fields fields = Json.read(value);
    RecordVersion.check(fields);
    return new WorkerStatus(
        fields.requiredText("model"),
        fields.requiredInt("lane", 0, Integer.MAX_VALUE),
        fields.requiredText("worker"),
        fields.requiredInt("slots", 0, Integer.MAX_VALUE),
        fields.requiredInt("free_slots", 0, Integer.MAX_VALUE),
        fields.requiredLong("admitted"),
        fields.requiredLong("queued_tokens"),
        fields.requiredNumber("tokens_per_second"),
        fields.requiredInt("context_length", 0, Integer.MAX_VALUE),
        fields.requiredText("build"),
        fields.requiredText("fingerprint"),
        fields.requiredLong("sent_at"),
        fields.requiredLong("interval_ms"));
  }

  /** The record's value. */
  public byte[] toJson() {
    return Json.write(json -> {
      RecordVersion.write(json);
      json.writeStringField("model", model);
      json.writeNumberField("lane", lane);
      json.writeStringField("worker", worker);
      json.writeNumberField("slots", slots);
      json.writeNumberField("free_slots", freeSlots);
      json.writeNumberField("admitted", admitted);
      json.writeNumberField("queued_tokens", queuedTokens);
      json.writeNumberField("tokens_per_second", tokensPerSecond);
      json.writeNumberField("context_length", contextLength);
      json.writeStringField("build", build);
      json.writeStringField("fingerprint", fingerprint);
      json.writeNumberField("sent_at", sentAt);
      json.writeNumberField("interval_ms", intervalMillis);
    });
  }

  /** Key of this heartbeat on {@code workers}. */
  public String key() {
    return model + "/" + lane;
  }
}
