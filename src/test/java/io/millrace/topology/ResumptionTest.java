package io.millrace.topology;

import static io.millrace.topology.WorkerTask.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.OutputChecker;
import io.millrace.engine.TokenLogprobs;
import io.millrace.engine.TokenLogprobs.Entry;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Logprobs;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

/** How a task goes on with prompts that an earlier owner of its store has left. */
class ResumptionTest {
  private final HandDrivenEngine engine = new HandDrivenEngine("weights");
  private WorkerTask task = WorkerTask.start(TaskStore.open(), engine);

  @Test
  void shouldTellLogprobsInChunksAndAllOfThemInTheCompletionAlsoAfterARestart() {
    task.receive(prompt("a").logprobs(2));
    engine.latest("a").says("a", logprobs(65, "a", 0));
    task.tick();
    Chunk before = task.chunks().getFirst();

    task = task.restart(engine);
    task.tick();
    engine.latest("a").says("b", logprobs(66, "b", 1)).finishes("", "ab");
    task.tick();

    assertThat(before.logprobs().orElseThrow().tokens()).containsExactly("a");
    assertThat(before.logprobs().orElseThrow().topLogprobs())
        .containsExactly(Map.of("x", -0.1, "a", -2.5));
    Logprobs all = task.completions().getFirst().choices().getFirst().logprobs().orElseThrow();
    assertThat(all.tokens()).containsExactly("a", "b");
    assertThat(all.textOffset()).containsExactly(0, 1);
  }

  @Test
  void shouldResumeFromTheStore() {
    task.receive(prompt("a").seed(42));
    engine.latest("a").says("Once", 1, 2);
    task.tick();
    engine.latest("a").says(" upon", 3);
    task.tick();

    task = task.restart(engine);
    task.tick();

    var resumed = engine.latest("a").request();
    assertThat(engine.submissions("a")).isEqualTo(2);
    assertThat(resumed.sampling().seed()).isEqualTo(42);
    assertThat(resumed.resumed().tokens()).containsExactly(1, 2, 3);
    assertThat(resumed.resumed().publishedChars()).isEqualTo("Once upon".length());
  }

  @Test
  void shouldNumberChunksOnAfterARestart() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1);
    task.tick();

    task = task.restart(engine);
    task.tick();
    engine.latest("a").says(" upon", 2).finishes("", "Once upon");
    task.tick();

    assertThat(task.chunks()).singleElement().extracting(Chunk::index).isEqualTo(1);
    assertThat(task.completions()).hasSize(1);
    assertThat(task.savedPrompts()).isEmpty();
  }

  @Test
  void shouldContinueTheTextOfAnEngineAsIfNothingHadHappened() {
    OutputChecker checker = new OutputChecker();
    try (SimulatedEngine simulated = SimulatedEngine.start(4, 1_000, 500)) {
      task = WorkerTask.start(TaskStore.open(), simulated);
      for (String id : List.of("a", "b", "c")) {
        task.receive(prompt(id).maxTokens(200).seed(id.hashCode()));
      }
      for (int life = 0; life < 5; life++) {
        Await.until("some tokens are published", () -> task.tick() && task.published() >= 20);
        task.output(checker);
        task = task.restart(simulated);
      }
      Await.until("all end", () -> task.tick() && task.inFlight() == 0);
      task.output(checker);
    }

    assertThat(checker.faults(List.of("a", "b", "c"), List.of())).isEmpty();
  }

  @Test
  void shouldNotPublishAfterClose() {
    task.receive(prompt("a"));
    HandDrivenEngine.Request old = engine.latest("a");
    WorkerTask closed = task;

    task = task.restart(engine);
    task.tick();
    old.says("a ghost", 66);
    task.tick();
    closed.tick();

    assertThat(old.isAbandoned()).isTrue();
    assertThat(task.chunks()).isEmpty();
    assertThat(closed.chunks()).isEmpty();
  }

  @Test
  void shouldDropWhatWasSaidToTheTaskBeforeItWasRevived() {
    task.receive(prompt("a"));
    HandDrivenEngine.Request old = engine.latest("a");

    task.revive();
    old.says("a ghost", 66);
    task.tick();
    engine.latest("a").says("Once", 1);
    task.tick();

    assertThat(task.chunks()).extracting(Chunk::text).containsExactly("Once");
    assertThat(task.inFlight()).isEqualTo(1);
  }

  @Test
  void shouldRecogniseADuplicateOfARestoredPrompt() {
    task.receive(prompt("a"));

    task = task.restart(engine);
    task.receive(prompt("a"));
    task.tick();

    assertThat(engine.submissions("a")).isEqualTo(2);
    assertThat(task.inFlight()).isEqualTo(1);
  }

  @Test
  void shouldRestartWithOtherWeightsWhenNothingWasPublished() {
    task.receive(prompt("a").stream(false));
    engine.latest("a").says("Once", 1);
    task.tick();
    HandDrivenEngine other = new HandDrivenEngine("other weights");

    task = task.restart(other);
    task.tick();

    assertThat(other.latest("a").request().resumed().tokens()).isEmpty();
    assertThat(task.savedPrompts())
        .singleElement()
        .satisfies(saved -> {
          assertThat(saved.fingerprint()).isEqualTo("other weights");
          assertThat(saved.segments()).isZero();
        });
  }

  @Test
  void shouldEndAPublishedPromptWhenTheWeightsHaveChanged() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1);
    task.tick();
    HandDrivenEngine other = new HandDrivenEngine("other weights");

    task = task.restart(other);
    task.tick();

    assertThat(other.submissions("a")).isZero();
    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("model_changed");
    assertThat(task.chunks()).singleElement().extracting(Chunk::index).isEqualTo(1);
    assertThat(task.savedPrompts()).isEmpty();
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldCarryTheHeadersOfThePromptAlsoAfterARestart() {
    task.receive(prompt("a"));
    task = task.restart(engine);
    task.tick();
    engine.latest("a").says("Once", 1);
    task.tick();
    engine.latest("a").finishes("", "Once");
    task.tick();

    assertThat(task.outputHeaders("chunks").getFirst()).isEqualTo(WorkerTask.HEADERS.toArray());
    Header[] completion = task.outputHeaders("completions").getFirst();
    assertThat(completion).isEqualTo(WorkerTask.HEADERS.toArray());
  }

  private static TokenLogprobs logprobs(int id, String text, int offset) {
    return new TokenLogprobs(
        new Entry(id, text, -2.5),
        offset,
        List.of(new Entry(1, "x", -0.1), new Entry(2, "x", -0.2)));
  }
}
