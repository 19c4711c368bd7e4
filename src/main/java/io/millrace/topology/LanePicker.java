package io.millrace.topology;

import io.millrace.record.Prompt;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.Fleet.LiveWorker;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Chooses where a prompt goes: to the worker that is expected to finish it first, on its emptiest
 * lane. A worker that holds the beginning of the prompt in its KV cache already is preferred, as
 * long as waiting for it takes no longer than computing the prompt would.
 *
 * <p>A free slot is enough for a prompt of several choices; those that find none wait in the
 * engine. Waiting for as many slots as it has choices would leave slots idle, or such a prompt
 * behind all others.
 */
final class LanePicker {
  /** Of English text; a guess is enough to compare workers. */
  private static final int CHARS_PER_TOKEN = 4;

  private final Credit credit;
  private final Prefixes prefixes = new Prefixes();

  LanePicker(Credit credit) {
    this.credit = credit;
  }

  /** Takes a lane of one of the workers for the prompt; empty when none has credit. */
  Optional<WorkerStatus> pick(Prompt prompt, Collection<LiveWorker> workers) {
    List<Candidate> candidates = candidates(prompt, workers);
    Optional<Candidate> soonest =
        candidates.stream()
            .min(
                Comparator.comparingDouble(Candidate::seconds)
                    .thenComparing(Candidate::credit, Comparator.reverseOrder())
                    .thenComparing(Candidate::name));
    return soonest.map(best -> {
      Optional<Candidate> holder =
          prefixes
              .holder(prompt)
              .flatMap(name ->
                  candidates.stream().filter(worker -> worker.name().equals(name)).findFirst())
              .filter(worker ->
                  worker.seconds() <= best.seconds() + promptTokens(prompt) / worker.speed());
      return spend(holder.orElse(best).worker(), prompt);
    });
  }

  /** Takes this lane for the prompt; empty when nobody owns it or its owner has no credit. */
  Optional<WorkerStatus> take(Prompt prompt, Collection<LiveWorker> workers, int lane) {
    return workers.stream()
        .filter(worker -> credit.of(worker) > 0)
        .flatMap(worker -> worker.lanes().stream())
        .filter(status -> status.lane() == lane)
        .findFirst()
        .map(status -> {
          credit.spend(status, prompt.output().n(), tokens(prompt));
          return status;
        });
  }

  private WorkerStatus spend(LiveWorker worker, Prompt prompt) {
    WorkerStatus lane =
        worker.lanes().stream().min(Comparator.comparingLong(credit::onTheWay)).orElseThrow();
    credit.spend(lane, prompt.output().n(), tokens(prompt));
    prefixes.remember(prompt, lane.worker());
    return lane;
  }

  /** Workers with credit, and when each would have finished the prompt. */
  private List<Candidate> candidates(Prompt prompt, Collection<LiveWorker> workers) {
    double usual =
        workers.stream().mapToDouble(LiveWorker::speed).filter(s -> s > 0).average().orElse(1);
    return workers.stream()
        .filter(worker -> credit.of(worker) > 0)
        .map(worker -> {
          double speed = worker.speed() > 0 ? worker.speed() : usual;
          long tokens =
              worker.latest().queuedTokens()
                  + worker.lanes().stream().mapToLong(credit::tokensOnTheWay).sum()
                  + tokens(prompt);
          return new Candidate(worker, credit.of(worker), speed, tokens / speed);
        })
        .toList();
  }

  private static long tokens(Prompt prompt) {
    return promptTokens(prompt) + (long) prompt.output().n() * prompt.maxTokens();
  }

  private static int promptTokens(Prompt prompt) {
    return 1 + prompt.prompt().length() / CHARS_PER_TOKEN;
  }

  /**
   * A worker with credit.
   *
   * @param speed tokens per second, measured or guessed
   * @param seconds until it would have finished the prompt
   */
  private record Candidate(LiveWorker worker, long credit, double speed, double seconds) {
    String name() {
      return worker.latest().worker();
    }
  }
}
