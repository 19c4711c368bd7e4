package io.millrace.topology;

import static io.millrace.topology.WorkerTask.prompt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.ErrorCode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GenerationProcessorTest {
  private final HandDrivenEngine engine = new HandDrivenEngine("weights");
  private WorkerTask task = WorkerTask.start(TaskStore.open(), engine);

  @Test
  void shouldSubmitAPromptAsItWasAsked() {
    task.receive(
        prompt("a").maxTokens(9).temperature(0.5).seed(42).stop(List.of("END")).priority(3));

    var request = engine.latest("a").request();
    assertThat(request.prompt()).isEqualTo("Once");
    assertThat(request.maxTokens()).isEqualTo(9);
    assertThat(request.sampling().temperature()).isEqualTo(0.5);
    assertThat(request.sampling().seed()).isEqualTo(42);
    assertThat(request.stop().texts()).containsExactly("END");
    assertThat(request.priority()).isEqualTo(3);
    assertThat(request.resumed().tokens()).isEmpty();
  }

  @Test
  void shouldCoalesceTokensOfADrainIntoOneChunk() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1).says("", 2).says(" upon", 3, 4);
    task.tick();
    engine.latest("a").says(" a", 5);
    task.tick();

    assertThat(task.chunks()).extracting(Chunk::index).containsExactly(0, 1);
    assertThat(task.chunks()).extracting(Chunk::text).containsExactly("Once upon", " a");
    assertThat(task.chunks().getFirst().tokens()).containsExactly(1, 2, 3, 4);
  }

  @Test
  void shouldWriteNothingWhenNothingHappened() {
    task.receive(prompt("a"));
    task.tick();

    assertThat(task.chunks()).isEmpty();
    assertThat(task.completions()).isEmpty();
  }

  @Test
  void shouldEndEveryPromptOnce() {
    task.receive(prompt("a").metadata(Map.of("user", "u7")));
    engine.latest("a").says("Once", 1).finishes(" more", "Once more");
    task.tick();
    task.tick();

    assertThat(task.chunks()).singleElement().satisfies(this::isLastOfOnceMore);
    Completion completion = task.completions().getFirst();
    assertThat(task.completions()).hasSize(1);
    assertThat(completion.choices()).containsExactly(new Choice(0, "Once more", "stop"));
    assertThat(completion.model()).contains("tiny");
    assertThat(completion.worker()).contains("mini-7");
    assertThat(completion.systemFingerprint()).contains("hand-weights");
    assertThat(completion.created()).isEqualTo(WorkerTask.NOW / 1_000);
    assertThat(completion.usage().orElseThrow().totalTokens()).isEqualTo(12);
    assertThat(completion.timings().orElseThrow().promptTokensPerSecond()).isEqualTo(100);
    assertThat(completion.timings().orElseThrow().generationTokensPerSecond()).isEqualTo(50);
    assertThat(completion.metadata()).containsEntry("user", "u7");
    assertThat(task.savedPrompts()).isEmpty();
  }

  private void isLastOfOnceMore(Chunk chunk) {
    assertThat(chunk.index()).isZero();
    assertThat(chunk.text()).isEqualTo("Once more");
    assertThat(chunk.finishReason()).contains("stop");
  }

  @Test
  void shouldEndAStreamThatHasNoTokens() {
    task.receive(prompt("a"));
    engine.latest("a").finishes("", "");
    task.tick();

    assertThat(task.chunks()).singleElement().extracting(Chunk::text).isEqualTo("");
    assertThat(task.chunks().getFirst().finishReason()).contains("stop");
    assertThat(task.completions()).hasSize(1);
  }

  @Test
  void shouldWriteNoChunksWhenThePromptDoesNotStream() {
    task.receive(prompt("a").stream(false));
    engine.latest("a").says("Once", 1);
    task.tick();
    engine.latest("a").finishes(" more", "Once more");
    task.tick();

    assertThat(task.chunks()).isEmpty();
    assertThat(task.completions().getFirst().choices().getFirst().text()).isEqualTo("Once more");
  }

  @Test
  void shouldEndWithTheErrorOfTheEngine() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1).fails(Kind.CONTEXT_LENGTH_EXCEEDED, "too long", "prompt");
    task.tick();

    assertThat(task.chunks()).singleElement().extracting(Chunk::text).isEqualTo("Once");
    assertThat(task.chunks().getFirst().finishReason()).contains("error");
    assertThat(task.completions().getFirst().error())
        .contains(ErrorCode.CONTEXT_LENGTH_EXCEEDED.error("too long", "prompt"));
    assertThat(task.savedPrompts()).isEmpty();
  }

  @Test
  void shouldEndWithAnErrorWhenTheEngineThrows() {
    engine.breakDown();

    task.receive(prompt("a"));

    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("engine_error");
    assertThat(task.chunks()).hasSize(1);
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldIgnoreASecondPromptWhileTheFirstIsInFlight() {
    task.receive(prompt("a"));
    task.receive(prompt("a"));
    engine.latest("a").finishes("", "");
    task.tick();

    assertThat(engine.submissions("a")).isEqualTo(1);
    assertThat(task.completions()).hasSize(1);
    assertThat(task.meter("millrace.worker.duplicates")).isEqualTo(1);
  }

  @Test
  void shouldAnswerWorkThatItCannotRead() {
    task.receive("a".getBytes(UTF_8), "{".getBytes(UTF_8));

    assertThat(task.completions()).singleElement().extracting(Completion::id).isEqualTo("a");
    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("invalid_json");
    assertThat(task.chunks()).singleElement().extracting(Chunk::id).isEqualTo("a");
    assertThat(task.deadLetters()).singleElement().isEqualTo("{");
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldAnswerWorkWithoutKeyAndValueUnderItsPlace() {
    task.receive(null, null);

    assertThat(task.completions())
        .singleElement()
        .extracting(Completion::id)
        .isEqualTo("work.tiny-3-0");
    assertThat(task.deadLetters()).hasSize(1);
  }

  @Test
  void shouldEndWithAnErrorWhenACompletionIsTooLarge() {
    task.receive(prompt("a").stream(false));
    engine.latest("a").finishes("", "x".repeat(WorkerTask.MAX_OUTPUT_BYTES));
    task.tick();

    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("output_too_large");
    assertThat(task.completions()).hasSize(1);
    assertThat(task.savedPrompts()).isEmpty();
  }

  @Test
  void shouldEndWithAnErrorWhenAChunkIsTooLarge() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1);
    task.tick();
    engine.latest("a").says("x".repeat(WorkerTask.MAX_OUTPUT_BYTES), 2);
    task.tick();
    engine.latest("a").says("more", 3);
    task.tick();

    assertThat(engine.latest("a").isAbandoned()).isTrue();
    assertThat(task.chunks()).extracting(Chunk::text).containsExactly("Once", "");
    assertThat(task.chunks().getLast().finishReason()).contains("error");
    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("output_too_large");
  }

  @Test
  void shouldCancelAPromptThatIsGenerated() {
    task.receive(prompt("a"));
    engine.latest("a").says("Once", 1);
    task.tick();

    task.cancel("a");
    task.tick();

    assertThat(task.completions().getFirst().error().orElseThrow().code()).isEqualTo("cancelled");
    assertThat(task.chunks().getLast().finishReason()).contains("error");
    assertThat(task.inFlight()).isZero();
  }

  @Test
  void shouldNotGenerateAPromptThatWasCancelledOnItsWay() {
    task.cancel("a");

    task.receive(prompt("a"));

    assertThat(engine.submissions("a")).isZero();
    assertThat(task.completions().getFirst().error().orElseThrow().code()).isEqualTo("cancelled");
  }

  @Test
  void shouldGenerateAPromptThatIsPublishedLongAfterItsIdWasCancelled() {
    task.cancel("a");
    task.pass(3_600_000);

    task.receive(prompt("a"));

    assertThat(engine.submissions("a")).isEqualTo(1);
  }

  @Test
  void shouldNotGenerateAPromptThatIsLate() {
    task.receive(prompt("a").deadline(WorkerTask.NOW));

    assertThat(engine.submissions("a")).isZero();
    assertThat(task.completions().getFirst().error().orElseThrow().code())
        .isEqualTo("deadline_exceeded");
  }
}
