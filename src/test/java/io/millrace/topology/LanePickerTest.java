package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LanePickerTest {
  private final Fleet fleet = new Fleet(Duration.ofSeconds(15));
  private final Credit credit = new Credit(0);
  private final LanePicker picker = new LanePicker(credit);
  private long now;

  @Test
  void shouldFillWorkersUpToTheirFreeSlots() {
    hear("mini-1", 0, 3, 0);
    hear("mini-2", 1, 5, 0);

    List<String> sent = sendAll();

    assertThat(sent).hasSize(8);
    assertThat(count(sent, "mini-1")).isEqualTo(3);
    assertThat(count(sent, "mini-2")).isEqualTo(5);
  }

  @Test
  void shouldPreferTheWorkerWithMoreCredit() {
    hear("mini-1", 0, 1, 0);
    hear("mini-2", 1, 5, 0);

    assertThat(send()).hasValueSatisfying(lane -> assertThat(lane.worker()).isEqualTo("mini-2"));
  }

  @Test
  void shouldSpreadAWorkersPromptsOverItsLanes() {
    hear("mini-1", 0, 6, 0);
    hear("mini-1", 1, 6, 0);
    hear("mini-1", 2, 6, 0);
    TreeMap<Integer, Integer> perLane = new TreeMap<>();

    for (Optional<WorkerStatus> lane = send(); lane.isPresent(); lane = send()) {
      perLane.merge(lane.get().lane(), 1, Integer::sum);
    }

    assertThat(perLane).hasToString("{0=2, 1=2, 2=2}");
  }

  @Test
  void shouldNotSendAgainForSlotsThatPromptsOnTheirWayWillTake() {
    hear("mini-1", 0, 4, 0);
    assertThat(sendAll()).hasSize(4);

    // The worker has admitted one of the four when it speaks again.
    hear("mini-1", 0, 3, 1);

    assertThat(sendAll()).isEmpty();
  }

  @Test
  void shouldSendAgainWhenSlotsBecomeFree() {
    hear("mini-1", 0, 4, 0);
    assertThat(sendAll()).hasSize(4);

    hear("mini-1", 0, 1, 4);

    assertThat(sendAll()).hasSize(1);
  }

  @Test
  void shouldSendAFewPromptsAhead() {
    Credit generous = new Credit(2);
    LanePicker ahead = new LanePicker(generous);
    hear("mini-1", 0, 0, 0);

    assertThat(sendAll(ahead, generous)).hasSize(2);
    hear("mini-1", 0, 0, 0);
    assertThat(sendAll(ahead, generous)).isEmpty();
    hear("mini-1", 0, 0, 1);
    assertThat(sendAll(ahead, generous)).hasSize(1);
  }

  @Test
  void shouldForgetWhatAPreviousOwnerOfTheLaneGot() {
    hear("mini-1", 0, 4, 7);
    assertThat(sendAll()).hasSize(4);

    hear("mini-2", 0, 4, 0);

    assertThat(sendAll()).hasSize(4);
  }

  @Test
  void shouldForgetWhatAWorkerGotBeforeItsRestart() {
    hear("mini-1", 0, 4, 7);
    assertThat(sendAll()).hasSize(4);

    hear("mini-1", 0, 2, 0);

    assertThat(sendAll()).hasSize(2);
  }

  @Test
  void shouldIgnorePromptsThatAnotherRouterSent() {
    hear("mini-1", 0, 4, 0);
    assertThat(sendAll()).hasSize(4);

    hear("mini-1", 0, 4, 50);

    assertThat(sendAll()).hasSize(4);
  }

  private void hear(String worker, int lane, int freeSlots, long admitted) {
    fleet.heard(Heartbeats.of("tales", lane, worker, freeSlots, admitted), now++);
  }

  private Optional<WorkerStatus> send() {
    Optional<WorkerStatus> lane = picker.pick(fleet.workers("tales", now));
    lane.ifPresent(credit::spend);
    return lane;
  }

  private List<String> sendAll() {
    return sendAll(picker, credit);
  }

  private List<String> sendAll(LanePicker lanes, Credit spent) {
    List<String> workers = new ArrayList<>();
    while (true) {
      Optional<WorkerStatus> lane = lanes.pick(fleet.workers("tales", now));
      if (lane.isEmpty()) {
        return workers;
      }
      spent.spend(lane.get());
      workers.add(lane.get().worker());
    }
  }

  private static long count(List<String> sent, String worker) {
    return sent.stream().filter(worker::equals).count();
  }
}
