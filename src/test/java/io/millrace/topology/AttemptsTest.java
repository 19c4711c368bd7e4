package io.millrace.topology;

import static io.millrace.topology.WorkerTask.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

/** How often and beside whom a prompt is generated that may have ended its worker. */
class AttemptsTest {
  private final HandDrivenEngine engine = new HandDrivenEngine("weights");
  private WorkerTask task = WorkerTask.start(TaskStore.open(), engine);

  @Test
  void shouldSubmitAPromptOnceItsAttemptIsCommitted() {
    task.take(prompt("a"));
    task.tickUncommitted();
    long before = engine.submissions("a");

    task.tick();

    assertThat(before).isZero();
    assertThat(engine.submissions("a")).isEqualTo(1);
  }

  @Test
  void shouldGiveUpAPromptThatEndsItsWorkerAgainAndAgain() {
    task.receive(prompt("poison"));
    for (int attempt = 2; attempt <= WorkerTask.MAX_ATTEMPTS; attempt++) {
      task = task.restart(engine);
      task.tick();
    }
    assertThat(engine.submissions("poison")).isEqualTo(WorkerTask.MAX_ATTEMPTS);

    task = task.restart(engine);
    task.tick();

    assertThat(engine.submissions("poison")).isEqualTo(WorkerTask.MAX_ATTEMPTS);
    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("engine_error");
    assertThat(task.deadLetters()).singleElement().asString().contains("poison");
    assertThat(task.outputHeaders("dead-letters").getFirst())
        .extracting(Header::key)
        .contains("traceparent", "millrace.error.code", "millrace.original.offset");
    assertThat(task.savedPrompts()).isEmpty();
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldForgiveAttemptsOnceAPromptGetsOn() {
    task.receive(prompt("a"));
    for (int life = 0; life < 3 * WorkerTask.MAX_ATTEMPTS; life++) {
      task = task.restart(engine);
      task.tick();
      engine.latest("a").says("word ", life);
      task.tick();
    }
    engine.latest("a").finishes("", "all");
    task.tick();

    assertThat(task.completions().getFirst().error()).isEmpty();
  }

  @Test
  void shouldRunSuspectsAlone() {
    task.receive(prompt("a"));
    task.receive(prompt("b"));
    task = task.restart(engine);
    task.tick();
    task.receive(prompt("c"));
    long first = engine.submissions("a") + engine.submissions("b");

    String suspect = engine.submissions("a") == 2 ? "a" : "b";
    String other = suspect.equals("a") ? "b" : "a";
    engine.latest(suspect).says("Once", 1);
    task.tick();
    task.tick();
    long second = engine.submissions(other);
    long newcomer = engine.submissions("c");
    engine.latest(other).says("Once", 1);
    task.tick();
    task.tick();

    assertThat(first).isEqualTo(3);
    assertThat(second).isEqualTo(2);
    assertThat(newcomer).isZero();
    assertThat(engine.submissions("c")).isEqualTo(1);
  }

  @Test
  void shouldLetThoseWithProgressGoOnBeforeSuspectsAreTried() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1);
    task.tick();
    task.receive(prompt("poison"));

    task = task.restart(engine);
    task.tick();
    long suspect = engine.submissions("poison");
    engine.latest("a").says(" upon", 2);
    task.tick();
    task.tick();

    assertThat(engine.submissions("a")).isEqualTo(2);
    assertThat(suspect).isEqualTo(1);
    assertThat(engine.submissions("poison")).isEqualTo(2);
  }

  @Test
  void shouldHoldNoPlannedEndAgainstAPrompt() {
    task.receive(prompt("a"));
    task.handOver();
    boolean handedOver = task.hasHandedOver();

    task = task.restart(engine);

    assertThat(handedOver).isTrue();
    assertThat(engine.latest("a").isAbandoned()).isTrue();
    assertThat(task.savedPrompts().getFirst().strikes()).isZero();
  }
}
