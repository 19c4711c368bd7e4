package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.millrace.Await;
import io.millrace.OutputChecker;
import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.TokenLogprobs;
import io.millrace.engine.TokenLogprobs.Entry;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.ErrorCode;
import io.millrace.record.Logprobs;
import io.millrace.record.OutputOptions.Format;
import io.millrace.record.Prompt;
import io.millrace.record.PromptBuilder;
import io.millrace.record.WorkerStatus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
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

  private static TokenLogprobs logprobs(int id, String text, int offset) {
    return new TokenLogprobs(
        new Entry(id, text, -2.5),
        offset,
        List.of(new Entry(1, "x", -0.1), new Entry(2, "x", -0.2)));
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
  void shouldRecogniseADuplicateOfARestoredPrompt() {
    task.receive(prompt("a"));

    task = task.restart(engine);
    task.receive(prompt("a"));
    task.tick();

    assertThat(engine.submissions("a")).isEqualTo(2);
    assertThat(task.inFlight()).isEqualTo(1);
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

  @Test
  void shouldAskForNoMoreAndBeginNoneWhenAboutToStop() {
    task.handOver();
    task.receive(prompt("a"));

    assertThat(task.heartbeats().getLast().slots()).isZero();
    assertThat(engine.submissions("a")).isZero();
    assertThat(task.savedPrompts()).hasSize(1);
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

  private static PromptBuilder prompt(String id) {
    return Prompt.of(id, "Once").model("tiny").seed(1);
  }
}
