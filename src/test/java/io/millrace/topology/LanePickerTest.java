package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Prompt;
import io.millrace.record.WorkerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LanePickerTest {
  private static final Prompt PROMPT = Prompt.of("p", "Once").maxTokens(10).build();

  private final Fleet fleet = new Fleet(Duration.ofSeconds(15));
  private final LanePicker picker = new LanePicker(new Credit(0));
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
  void shouldCountASlotForEachChoice() {
    Prompt three = Prompt.of("p", "Once").n(3).build();
    hear("mini-1", 0, 4, 0);

    assertThat(sendAll(picker, three)).hasSize(2);
    // Four of the six have slots; both prompts have arrived.
    hear("mini-1", 0, 0, 2);
    assertThat(sendAll(picker, three)).isEmpty();
    hear("mini-1", 0, 1, 2);
    assertThat(sendAll(picker, three)).hasSize(1);
    // It is still on its way, with two more choices than there are slots for.
    hear("mini-1", 0, 2, 2);
    assertThat(sendAll(picker, three)).isEmpty();
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
    LanePicker ahead = new LanePicker(new Credit(2));
    hear("mini-1", 0, 0, 0);

    assertThat(sendAll(ahead)).hasSize(2);
    hear("mini-1", 0, 0, 0);
    assertThat(sendAll(ahead)).isEmpty();
    hear("mini-1", 0, 0, 1);
    assertThat(sendAll(ahead)).hasSize(1);
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

  @Test
  void shouldPreferTheWorkerThatWillHaveFinishedFirst() {
    fleet.heard(Heartbeats.of("tales", 0, "slow", 8, 100, 10), now);
    fleet.heard(Heartbeats.of("tales", 1, "fast", 8, 300, 100), now);

    // 11 tokens each: fast needs 3.1 s and 0.11 s for each further one, slow 11.1 s.
    List<String> sent = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      sent.add(send().orElseThrow().worker());
    }

    assertThat(sent).containsOnly("fast");
    assertThat(send().orElseThrow().worker()).isEqualTo("slow");
  }

  @Test
  void shouldRememberHowFastAWorkerIsWhenItIsBusy() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 8, 0, 200), now);
    fleet.heard(Heartbeats.of("tales", 1, "mini-2", 8, 0, 50), now);
    // With one prompt running, its steps yield less.
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 7, 20, 20), now + 1_000);

    now += 1_000;
    assertThat(send().orElseThrow().worker()).isEqualTo("mini-1");
  }

  @Test
  void shouldExpectTheUsualSpeedOfAWorkerThatHasNotBegun() {
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 8, 500, 100), now);
    fleet.heard(Heartbeats.of("tales", 1, "new", 8, 0, 0), now);

    assertThat(send().orElseThrow().worker()).isEqualTo("new");
  }

  @Test
  void shouldPreferTheWorkerThatHoldsTheBeginningOfThePrompt() {
    Prompt first = Prompt.of("p1", "x".repeat(4_000) + " one").maxTokens(10).build();
    Prompt second = Prompt.of("p2", "x".repeat(4_000) + " two").maxTokens(10).build();
    fleet.heard(Heartbeats.of("tales", 0, "mini-1", 8, 0, 100), now);
    fleet.heard(Heartbeats.of("tales", 1, "mini-2", 8, 100, 100), now);
    String holder = picker.pick(first, fleet.workers("tales", now)).orElseThrow().worker();

    String again = picker.pick(second, fleet.workers("tales", now)).orElseThrow().worker();
    String whenBusy = picker.pick(second, fleet.workers("tales", now)).orElseThrow().worker();

    assertThat(again).isEqualTo(holder);
    assertThat(whenBusy).isNotEqualTo(holder);
  }

  @Test
  void shouldSendNothingToAWorkerThatIsAboutToStop() {
    LanePicker ahead = new LanePicker(new Credit(2));
    fleet.heard(Heartbeats.stopping("tales", 0, "mini-1"), now);

    assertThat(sendAll(ahead)).isEmpty();
  }

  private void hear(String worker, int lane, int freeSlots, long admitted) {
    fleet.heard(Heartbeats.of("tales", lane, worker, freeSlots, admitted), now++);
  }

  private Optional<WorkerStatus> send() {
    return picker.pick(PROMPT, fleet.workers("tales", now));
  }

  private List<String> sendAll() {
    return sendAll(picker);
  }

  private List<String> sendAll(LanePicker lanes) {
    return sendAll(lanes, PROMPT);
  }

  private List<String> sendAll(LanePicker lanes, Prompt prompt) {
    List<String> workers = new ArrayList<>();
    while (true) {
      Optional<WorkerStatus> lane = lanes.pick(prompt, fleet.workers("tales", now));
      if (lane.isEmpty()) {
        return workers;
      }
      workers.add(lane.get().worker());
    }
  }

  private static long count(List<String> sent, String worker) {
    return sent.stream().filter(worker::equals).count();
  }
}
