package io.millrace.topology;

import io.millrace.record.WorkerStatus;
import io.millrace.topology.Fleet.LiveWorker;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Chooses where a prompt goes: to the worker with the most credit, on its emptiest lane. */
final class LanePicker {
  private final Credit credit;

  LanePicker(Credit credit) {
    this.credit = credit;
  }

  /** A lane of one of the workers; empty when none has credit. */
  Optional<WorkerStatus> pick(Collection<LiveWorker> workers) {
    return workers.stream()
        .filter(worker -> credit.of(worker) > 0)
        .max(
            Comparator.comparingLong(credit::of)
                .thenComparing(worker -> worker.latest().worker(), Comparator.reverseOrder()))
        .flatMap(worker -> worker.lanes().stream().min(Comparator.comparingLong(credit::onTheWay)));
  }
}
