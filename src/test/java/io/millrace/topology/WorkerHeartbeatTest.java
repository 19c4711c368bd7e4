package io.millrace.topology;

import static io.millrace.topology.WorkerTask.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.WorkerStatus;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a worker tells how much it can take, and takes no more. */
class WorkerHeartbeatTest {
  private final HandDrivenEngine engine = new HandDrivenEngine("weights");
  private WorkerTask task = WorkerTask.start(TaskStore.open(), engine);

  @Test
  void shouldKeepItsPlaceInTheGateUntilAPromptHasEnded() {
    for (String id : List.of("a", "b", "c", "d")) {
      task.receive(prompt(id));
    }
    assertThat(task.gate().isOpen()).isTrue();
    task.receive(prompt("e"));
    assertThat(task.gate().isOpen()).isFalse();

    engine.latest("b").finishes("", "");
    task.tick();
    assertThat(task.gate().isOpen()).isTrue();

    task = task.restart(engine);
    assertThat(task.inFlight()).isEqualTo(4);
  }

  @Test
  void shouldSendAHeartbeatAtTheFirstTickAndAfterEachInterval() {
    task.tick();
    task.tick();
    assertThat(task.heartbeats())
        .containsExactly(
            new WorkerStatus(
                "tiny",
                WorkerTask.LANE,
                "mini-7",
                4,
                4,
                0,
                77,
                12.5,
                1_000,
                "hand",
                "weights",
                WorkerTask.NOW,
                1_000));

    task.pass(1_000);
    task.tick();
    assertThat(task.heartbeats()).hasSize(2);
  }

  @Test
  void shouldSendAHeartbeatWhenASlotIsTakenOrFreed() {
    task.tick();
    task.receive(prompt("a"));
    task.tick();
    engine.latest("a").finishes("", "");
    task.tick();

    assertThat(task.heartbeats()).extracting(WorkerStatus::freeSlots).containsExactly(4, 3, 4);
    assertThat(task.heartbeats()).extracting(WorkerStatus::admitted).containsExactly(0L, 1L, 1L);
  }

  @Test
  void shouldAskForNoMoreAndBeginNoneWhenAboutToStop() {
    task.handOver();
    task.receive(prompt("a"));

    assertThat(task.heartbeats().getLast().slots()).isZero();
    assertThat(engine.submissions("a")).isZero();
    assertThat(task.savedPrompts()).hasSize(1);
  }
}
