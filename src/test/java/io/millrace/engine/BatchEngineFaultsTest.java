package io.millrace.engine;

import static io.millrace.engine.EngineRig.ENOUGH_PAGES;
import static io.millrace.engine.EngineRig.awaitIdle;
import static io.millrace.engine.EngineRig.request;
import static io.millrace.engine.EngineRig.sampling;
import static io.millrace.engine.EngineRig.submit;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.EngineRig.Outcome;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.tensor.ReferenceBackend;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What ends requests early, and what the engine makes of a backend that fails or hangs. */
class BatchEngineFaultsTest {
  private final EngineRig rig = new EngineRig();

  @AfterEach
  void close() throws Exception {
    rig.close();
  }

  @Test
  void shouldEndACancelledRequestAndFreeItsPages() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);
    Outcome outcome = submit(engine, request("long", 200, 0));
    outcome.awaitTokens(3);

    outcome.cancel();
    outcome.await();

    assertThat(outcome.failed().error().kind()).isEqualTo(GenerationError.Kind.CANCELLED);
    assertThat(outcome.failed().text()).isEqualTo(outcome.text());
    assertThat(outcome.tokens().length).isLessThan(200);
    assertThat(awaitIdle(engine).pagesUsed()).isZero();
  }

  @Test
  void shouldEndARequestWhoseDeadlineHasPassed() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);
    GenerationRequest request =
        new GenerationRequest(
            "id", "late", 5, sampling(0), List.of(), 0, OptionalLong.of(999), Progress.NONE);

    Outcome outcome = submit(engine, request).await();

    assertThat(outcome.failed().error().kind()).isEqualTo(GenerationError.Kind.DEADLINE_EXCEEDED);
    assertThat(outcome.tokens()).isEmpty();
  }

  @Test
  void shouldSayNothingMoreOfAnAbandonedRequest() throws Exception {
    Engine engine = rig.engine(2, ENOUGH_PAGES);
    Outcome abandoned = submit(engine, request("gone", 200, 0));
    abandoned.awaitTokens(1);

    abandoned.abandon();
    int heard = abandoned.heard();
    submit(engine, request("other", 5, 0)).await();

    assertThat(abandoned.heard()).isEqualTo(heard);
    assertThat(awaitIdle(engine).pagesUsed()).isZero();
  }

  @Test
  void shouldFailTheRunningRequestsWhenTheBackendFailsAndGoOnWithANewOne() throws Exception {
    FailingBackend backend = new FailingBackend(new ReferenceBackend());
    Engine engine = rig.engine(backend.proxy(), 2, ENOUGH_PAGES);
    backend.failNextCommit();

    Outcome failed = submit(engine, request("bad luck", 5, 0)).await();
    Outcome next = submit(engine, request("good luck", 5, 0)).await();

    assertThat(failed.failed().error().kind()).isEqualTo(GenerationError.Kind.ENGINE_ERROR);
    assertThat(failed.failed().error().message()).contains("device lost");
    assertThat(next.finished().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void shouldFailEveryRequestAndBeUnhealthyWhenThereIsNoNewBackend() throws Exception {
    FailingBackend backend = new FailingBackend(new ReferenceBackend());
    Supplier<Transformer> reload =
        () -> {
          throw new IllegalStateException("no device");
        };
    Engine engine = rig.engine(backend.proxy(), reload, 2, ENOUGH_PAGES);
    backend.failNextCommit();

    Outcome running = submit(engine, request("running", 5, 0)).await();
    Outcome later = submit(engine, request("later", 5, 0)).await();

    assertThat(running.failed().error().message()).contains("device lost");
    assertThat(later.failed().error().message()).contains("no device");
    assertThat(engine.status().healthy()).isFalse();
  }

  @Test
  void shouldFailOnlyTheRequestThatCannotBeTokenized() throws Exception {
    Engine engine = rig.engine(2, ENOUGH_PAGES);

    Outcome bad = submit(engine, request(EngineRig.UNWELCOME, 5, 0)).await();
    Outcome good = submit(engine, request("fine", 5, 0)).await();

    assertThat(bad.failed().error().kind()).isEqualTo(GenerationError.Kind.INVALID_REQUEST);
    assertThat(good.finished().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void shouldBeUnhealthyWhileAStepDoesNotEndAndHealthyAgainWhenItHas() throws Exception {
    FailingBackend backend = new FailingBackend(new ReferenceBackend());
    AtomicLong nanoTime = new AtomicLong();
    Engine engine = rig.engine(backend.proxy(), nanoTime::get);
    CountDownLatch commit = backend.holdNextCommit();
    Outcome outcome = submit(engine, request("patience", 5, 0));
    backend.awaitHeldCommit();

    boolean atFirst = engine.status().healthy();
    nanoTime.addAndGet(StepWatch.LONGEST.toNanos() + 1);
    boolean afterLong = engine.status().healthy();
    commit.countDown();
    outcome.await();

    assertThat(atFirst).isTrue();
    assertThat(afterLong).isFalse();
    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(awaitIdle(engine).healthy()).isTrue();
  }
}
