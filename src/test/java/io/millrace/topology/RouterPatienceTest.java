package io.millrace.topology;

import static io.millrace.topology.RouterDriver.EXPIRY;
import static io.millrace.topology.RouterDriver.NO_WORKER;
import static io.millrace.topology.RouterDriver.START;
import static io.millrace.topology.RouterDriver.UNKNOWN_MODEL;
import static io.millrace.topology.RouterDriver.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.record.Completion;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How long prompts wait, and what ends them while they do. */
class RouterPatienceTest {
  private final RouterDriver router = RouterDriver.start(Optional.empty());

  @AfterEach
  void stop() {
    router.close();
  }

  @Test
  void shouldKeepPromptOfUnknownModelUntilItsTimeout() {
    router.publish("p1", prompt("ghost"));
    router.pass(UNKNOWN_MODEL.minusMillis(1));
    assertThat(router.completions().isEmpty()).isTrue();

    router.tick();

    Completion completion = router.completions().readValue();
    assertThat(completion.error().orElseThrow().code()).isEqualTo("model_not_found");
    assertThat(completion.model()).contains("ghost");
    assertThat(router.chunks().readValue().finishReason()).contains("error");
    assertThat(router.waiting()).isZero();
  }

  @Test
  void shouldSendPromptOfUnknownModelOnceAWorkerBringsIt() {
    router.publish("p1", prompt("late"));
    router.pass(UNKNOWN_MODEL.minusSeconds(1));

    router.heartbeat("late", 0, "mini-1", 8, 0);
    router.pass(Duration.ofSeconds(2));

    assertThat(router.work("late").readValue().prompt().id()).isEqualTo("p1");
    assertThat(router.completions().isEmpty()).isTrue();
  }

  @Test
  void shouldKeepPromptWhileWorkersOfItsModelAreGone() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.pass(EXPIRY.plusSeconds(1));
    router.publish("p1", prompt("tales"));
    router.pass(NO_WORKER.minusSeconds(1));
    assertThat(router.work("tales").isEmpty()).isTrue();
    assertThat(router.completions().isEmpty()).isTrue();

    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();

    assertThat(router.work("tales").readValue().prompt().id()).isEqualTo("p1");
  }

  @Test
  void shouldEndPromptWhenNoWorkerOfItsModelComesBack() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.pass(EXPIRY.plusSeconds(1));
    router.publish("p1", prompt("tales"));

    router.pass(NO_WORKER.plusMillis(100));

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("no_worker");
    assertThat(router.chunks().readValue().finishReason()).contains("error");
  }

  @Test
  void shouldEndPromptWhoseDeadlinePassesWhileItWaits() {
    router.heartbeat("tales", 0, "mini-1", 0, 0);
    router.publish("p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"timeout_ms\":5000}");
    router.pass(Duration.ofMillis(4_999));
    assertThat(router.completions().isEmpty()).isTrue();

    router.tick();

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("deadline_exceeded");
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();
    assertThat(router.work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldNeverSendPromptThatIsLateWhenItIsRead() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    long past = START.minusSeconds(1).toEpochMilli();

    router.publish(
        "p1", "{\"model\":\"tales\",\"prompt\":\"Once\",\"deadline\":%d}".formatted(past));

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("deadline_exceeded");
    assertThat(router.work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldEndAPromptThatIsCancelledWhileItWaits() {
    router.publish("p1", prompt("tales"));
    router.publish("p2", prompt("tales"));

    router.cancel("p1");
    router.tick();
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.tick();

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("cancelled");
    assertThat(router.work("tales").readValuesToList())
        .extracting(work -> work.prompt().id())
        .containsExactly("p2");
  }

  @Test
  void shouldNeverSendAPromptThatWasCancelledInTheBacklog() {
    router.heartbeat("tales", 0, "mini-1", 8, 0);
    router.cancel("p1");

    router.publish("p1", prompt("tales"));

    assertThat(router.completions().readValue().error().orElseThrow().code())
        .isEqualTo("cancelled");
    assertThat(router.work("tales").isEmpty()).isTrue();
  }

  @Test
  void shouldSayNothingAboutCancelledIdsThatItDoesNotKnow() {
    router.cancel("ghost");
    router.tick();

    assertThat(router.completions().isEmpty()).isTrue();
    assertThat(router.chunks().isEmpty()).isTrue();
  }
}
