package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PromptsUnderwayTest {
  private static final Duration LONG = Duration.ofDays(1);
  private static final Duration SHORT = Duration.ofMillis(20);

  private final PromptsUnderway underway = new PromptsUnderway(2);

  @Test
  void shouldWaitForRoom() throws Exception {
    underway.begin("a", LONG);
    underway.begin("b", LONG);
    CompletableFuture<Boolean> third = CompletableFuture.supplyAsync(() -> begin("c"));
    boolean roomBefore = third.isDone();

    underway.end("a", true);

    assertThat(roomBefore).isFalse();
    assertThat(third.join()).isTrue();
    assertThat(underway.count()).isEqualTo(2);
  }

  @Test
  void shouldGiveUpWaitingForRoomAfterSilence() throws Exception {
    underway.begin("a", LONG);
    underway.begin("b", LONG);

    assertThat(underway.begin("c", SHORT)).isFalse();
  }

  @Test
  void shouldCountHowPromptsEnd() throws Exception {
    underway.begin("a", LONG);
    underway.begin("b", LONG);
    underway.end("a", true);
    underway.end("b", false);
    underway.fail();

    assertThat(underway.awaitNone(LONG)).isTrue();
    assertThat(underway.completed()).isEqualTo(1);
    assertThat(underway.failed()).isEqualTo(2);
  }

  @Test
  void shouldCountEachOfTwoPromptsWithOneId() throws Exception {
    underway.begin("a", LONG);
    underway.begin("a", LONG);
    underway.end("a", true);

    assertThat(underway.awaitNone(SHORT)).isFalse();
    assertThat(underway.abandon()).containsExactly("a");
  }

  @Test
  void shouldGoOnWaitingWhileSomethingIsHeard() throws Exception {
    Duration silence = Duration.ofMillis(500);
    underway.begin("a", LONG);
    CompletableFuture<Boolean> ended = CompletableFuture.supplyAsync(() -> awaitNone(silence));

    long start = System.nanoTime();
    Await.until(
        "twice the silence has passed",
        () -> {
          underway.sign();
          return System.nanoTime() - start > 2 * silence.toNanos();
        });
    boolean gaveUp = ended.isDone();
    underway.end("a", true);

    assertThat(gaveUp).isFalse();
    assertThat(ended.join()).isTrue();
  }

  @Test
  void shouldIgnoreEndsOnceAbandoned() throws Exception {
    underway.begin("a", LONG);

    assertThat(underway.abandon()).containsExactly("a");
    assertThat(underway.end("a", true)).isFalse();
    assertThat(underway.completed()).isZero();
    assertThat(underway.failed()).isEqualTo(1);
  }

  private boolean begin(String id) {
    try {
      return underway.begin(id, LONG);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean awaitNone(Duration silence) {
    try {
      return underway.awaitNone(silence);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
