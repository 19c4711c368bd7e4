package io.millrace.topology;

import static io.millrace.topology.WorkerTask.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.ResponseFormat;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.OutputOptions.Format;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Prompts with {@code n} above 1 in a task of the worker. */
class SeveralChoicesTest {
  private final HandDrivenEngine engine = new HandDrivenEngine("weights");
  private WorkerTask task = WorkerTask.start(TaskStore.open(), engine);

  @Test
  void shouldAskForWhatThePromptAsksFor() {
    task.receive(
        prompt("a").n(2).logprobs(4).format(new Format.JsonSchema("{\"type\":\"object\"}")));

    var second = engine.latest("a", 1).request();
    assertThat(second.topLogprobs()).hasValue(4);
    assertThat(second.format()).isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}"));
    assertThat(second.sampling().seed()).isEqualTo(1);
    assertThat(engine.submissions("a")).isEqualTo(2);
  }

  @Test
  void shouldEndAllChoicesTogether() {
    task.receive(prompt("a").n(2));
    assertThat(task.inFlight()).isEqualTo(2);
    engine.latest("a", 0).says("Once", 1).finishes(" more", "Once more");
    engine.latest("a", 1).says("Twice", 2);
    task.tick();
    engine.latest("a", 1).finishes("", "Twice");
    task.tick();

    assertThat(task.chunks())
        .extracting(Chunk::choice, Chunk::index, Chunk::text, Chunk::finishReason)
        .containsExactly(
            tuple(0, 0, "Once more", Optional.empty()),
            tuple(1, 0, "Twice", Optional.empty()),
            tuple(0, 1, "", Optional.of("stop")),
            tuple(1, 1, "", Optional.of("stop")));
    Completion completion = task.completions().getFirst();
    assertThat(completion.choices())
        .containsExactly(new Choice(0, "Once more", "stop"), new Choice(1, "Twice", "stop"));
    assertThat(completion.usage()).contains(new Completion.Usage(5, 14, 1));
    assertThat(task.savedPrompts()).isEmpty();
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldEndAllChoicesWhenOneFails() {
    task.receive(prompt("a").n(3));
    engine.latest("a", 0).finishes("", "");
    engine.latest("a", 1).fails(Kind.ENGINE_ERROR, "why", "");
    task.tick();

    assertThat(engine.latest("a", 2).isAbandoned()).isTrue();
    assertThat(task.chunks()).extracting(Chunk::choice).containsExactly(0, 1, 2);
    assertThat(task.chunks()).extracting(Chunk::finishReason).containsOnly(Optional.of("error"));
    assertThat(task.completions()).hasSize(1);
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldResumeEachChoice() {
    task.receive(prompt("a").n(2));
    engine.latest("a", 0).says("Once", 1).finishes(" more", "Once more");
    engine.latest("a", 1).says("Twice", 2);
    task.tick();

    task = task.restart(engine);
    task.tick();
    Progress ended = engine.latest("a", 0).request().resumed();
    Progress open = engine.latest("a", 1).request().resumed();
    engine.latest("a", 0).finishes("", "Once more");
    engine.latest("a", 1).says(" more", 3).finishes("", "Twice more");
    task.tick();

    assertThat(ended.tokens()).containsExactly(1);
    assertThat(ended.publishedChars()).isEqualTo("Once more".length());
    assertThat(ended.end()).contains(FinishReason.STOP);
    assertThat(open.tokens()).containsExactly(2);
    assertThat(open.end()).isEmpty();
    assertThat(task.chunks()).extracting(Chunk::index).containsExactly(1, 1);
    assertThat(task.completions().getFirst().choices())
        .extracting(Choice::text)
        .containsExactly("Once more", "Twice more");
  }

  @Test
  void shouldTakeAPlaceInTheGateForEachChoice() {
    task.receive(prompt("a").n(3));
    assertThat(task.gate().isOpen()).isTrue();
    task.receive(prompt("b").n(2));
    assertThat(task.gate().isOpen()).isFalse();
    assertThat(task.heartbeats().getLast().freeSlots()).isZero();

    for (int choice = 0; choice < 3; choice++) {
      engine.latest("a", choice).finishes("", "");
    }
    task.tick();

    assertThat(task.gate().isOpen()).isTrue();
    assertThat(task.heartbeats().getLast().freeSlots()).isEqualTo(2);
  }
}
