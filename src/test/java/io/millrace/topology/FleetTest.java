package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.WorkerStatus;
import io.millrace.topology.Fleet.LiveWorker;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FleetTest {
  private static final long EXPIRY = 15_000;

  private final Fleet fleet = new Fleet(Duration.ofMillis(EXPIRY));

  @Test
  void shouldGatherTheLanesOfAWorker() {
    fleet.heard(Heartbeats.of("tales", 3, "mini-1", 4, 0), 1_000);
    fleet.heard(Heartbeats.of("tales", 1, "mini-1", 2, 0), 2_000);
    fleet.heard(Heartbeats.of("tales", 2, "mini-2", 8, 0), 2_000);
    fleet.heard(Heartbeats.of("poems", 1, "mini-3", 8, 0), 2_000);

    assertThat(fleet.workers("tales", 2_000))
        .extracting(LiveWorker::lanes)
        .extracting(lanes -> lanes.stream().map(WorkerStatus::lane).toList().toString())
        .containsExactlyInAnyOrder("[1, 3]", "[2]");
    assertThat(fleet.models()).containsExactly("poems", "tales");
  }

  @Test
  void shouldTakeTheSlotsOfTheLatestHeartbeat() {
    fleet.heard(Heartbeats.of("tales", 3, "mini-1", 4, 0), 1_000);
    fleet.heard(Heartbeats.of("tales", 1, "mini-1", 2, 0), 2_000);

    assertThat(fleet.workers("tales", 2_000).iterator().next().latest().freeSlots()).isEqualTo(2);
  }

  @Test
  void shouldCountAWorkerAsDeadWhenItIsSilentForTooLong() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 4, 0), 1_000);

    assertThat(fleet.workers("tales", 1_000 + EXPIRY)).hasSize(1);
    assertThat(fleet.workers("tales", 1_001 + EXPIRY)).isEmpty();
    assertThat(fleet.models()).containsExactly("tales");
    assertThat(fleet.lastHeard("tales")).isEqualTo(1_000);
  }

  @Test
  void shouldWaitForThreeHeartbeatsOfASlowWorker() {
    Fleet quick = new Fleet(Duration.ofMillis(1));
    quick.heard(Heartbeats.of("tales", 0, "mini-1", 4, 0), 0);

    assertThat(quick.workers("tales", 3 * Heartbeats.INTERVAL_MILLIS)).hasSize(1);
    assertThat(quick.workers("tales", 3 * Heartbeats.INTERVAL_MILLIS + 1)).isEmpty();
  }

  @Test
  void shouldGiveALaneToTheWorkerThatSpokeLast() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 4, 0), 1_000);
    fleet.heard(Heartbeats.of("tales", 0, "mini-2", 4, 0), 2_000);

    assertThat(fleet.workers("tales", 2_000))
        .extracting(worker -> worker.latest().worker())
        .containsExactly("mini-2");
  }

  @Test
  void shouldKnowModelsButNoWorkersFromHistory() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 4, 0), 1_000);

    fleet.startOver();

    assertThat(fleet.models()).containsExactly("tales");
    assertThat(fleet.workers("tales", 1_000)).isEmpty();
    assertThat(fleet.lastHeard("tales")).isNegative();
  }

  @Test
  void shouldForgetAModelWithTheLastOfItsLanes() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 4, 0), 1_000);
    fleet.heard(Heartbeats.of("tales", 1, "mini-1", 4, 0), 1_000);

    fleet.forget("tales/0");
    Set<String> whileThereIsALane = Set.copyOf(fleet.models());
    fleet.forget("tales/1");

    assertThat(whileThereIsALane).containsExactly("tales");
    assertThat(fleet.workers("tales", 1_000)).isEmpty();
    assertThat(fleet.models()).isEmpty();
  }
}
