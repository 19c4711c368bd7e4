package io.millrace.topology;

import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.ErrorCode;
import io.millrace.record.Prompt;
import java.util.Optional;
import java.util.Set;

/** Knows which model a prompt gets, and when there is no more sense in waiting for it. */
final class Patience {
  private final RouterSettings settings;
  private final Fleet fleet;
  private final long startedAt;

  /**
   * @param startedAt epoch milliseconds since when this router hears workers: it blames no prompt
   *     for what it did not hear before
   */
  Patience(RouterSettings settings, Fleet fleet, long startedAt) {
    this.settings = settings;
    this.fleet = fleet;
    this.startedAt = startedAt;
  }

  /** The model that the prompt names, or the default; empty when there is no default yet. */
  Optional<String> model(Prompt prompt) {
    return prompt.model().or(settings::defaultModel).or(this::onlyModel);
  }

  /**
   * Why a prompt must not wait any longer, empty while it may.
   *
   * @param acceptedAt epoch milliseconds at which the router took it
   */
  Optional<ErrorBody> end(Prompt prompt, long acceptedAt, long now) {
    if (prompt.deadline().isPresent() && prompt.deadline().getAsLong() <= now) {
      return Optional.of(
          ErrorCode.DEADLINE_EXCEEDED.error("the deadline passed before a worker was free"));
    }
    Optional<String> model = model(prompt);
    long since = Math.max(acceptedAt, startedAt);
    Set<String> known = fleet.models();
    if (model.isEmpty() && known.size() > 1) {
      return Optional.of(
          ErrorCode.MISSING_REQUIRED_PARAMETER.error(
              "model is not set, and there is no default; the models are %s"
                  .formatted(String.join(", ", known)),
              "model"));
    }
    if (model.isEmpty() || !known.contains(model.get())) {
      return hasPassed(settings.unknownModelTimeout().toMillis(), since, now)
          ? Optional.of(unknown(model, known))
          : Optional.empty();
    }
    since = Math.max(since, fleet.lastHeard(model.get()));
    return hasPassed(settings.noWorkerTimeout().toMillis(), since, now)
        ? Optional.of(
            ErrorCode.NO_WORKER.error(
                "no worker of %s has been heard of for %d s"
                    .formatted(model.get(), (now - since) / 1_000)))
        : Optional.empty();
  }

  private Optional<String> onlyModel() {
    Set<String> known = fleet.models();
    return known.size() == 1 ? Optional.of(known.iterator().next()) : Optional.empty();
  }

  private static boolean hasPassed(long timeoutMillis, long since, long now) {
    return now - since >= timeoutMillis;
  }

  private static ErrorBody unknown(Optional<String> model, Set<String> known) {
    String asked =
        model.map("no worker serves %s"::formatted).orElse("no worker has reported a model");
    String others = known.isEmpty() ? "" : "; the models are " + String.join(", ", known);
    return ErrorCode.MODEL_NOT_FOUND.error(asked + others, "model");
  }
}
