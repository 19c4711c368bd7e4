package io.millrace.engine.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.Await;
import io.millrace.engine.Engine.Generation;
import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Sampling;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SimulatedEngineTest {
  private static final double FAST = 10_000;

  @Test
  void shouldGenerateTheSameTextForTheSamePromptAndSeed() {
    try (SimulatedEngine engine = SimulatedEngine.start(2, FAST, 100)) {
      Finished first = finish(engine, request("mill", 20, 7));
      Finished again = finish(engine, request("mill", 20, 7));
      Finished otherSeed = finish(engine, request("mill", 20, 8));
      Finished otherPrompt = finish(engine, request("wind", 20, 7));

      assertThat(again.text()).isEqualTo(first.text());
      assertThat(otherSeed.text()).isNotEqualTo(first.text());
      assertThat(otherPrompt.text()).isNotEqualTo(first.text());
    }
  }

  @Test
  void shouldHandOutItsTextPieceByPiece() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 100)) {
      Listener listener = new Listener();
      engine.submit(request("mill", 20, 7), listener);

      Finished finished = listener.awaitFinished();
      assertThat(listener.text()).isEqualTo(finished.text());
      assertThat(listener.tokens()).hasSize(20);
      assertThat(finished.reason()).isEqualTo(FinishReason.LENGTH);
      assertThat(finished.usage().completionTokens()).isEqualTo(20);
    }
  }

  @Test
  void shouldContinueWhereAnEarlierAttemptStopped() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 100)) {
      Listener whole = new Listener();
      engine.submit(request("mill", 20, 7), whole);
      Finished uninterrupted = whole.awaitFinished();
      int[] saved = whole.tokens().stream().limit(12).mapToInt(token -> token).toArray();
      String published = whole.text(12);

      Listener rest = new Listener();
      engine.submit(resumed("mill", 20, 7, new Progress(saved, published.length())), rest);

      assertThat(rest.awaitFinished().text()).isEqualTo(uninterrupted.text());
      assertThat(published + rest.text()).isEqualTo(uninterrupted.text());
      assertThat(rest.tokens()).isEqualTo(whole.tokens().subList(12, 20));
    }
  }

  @Test
  void shouldFinishAtOnceWhenTheEarlierAttemptHadAllTokens() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 100)) {
      Listener whole = new Listener();
      engine.submit(request("mill", 3, 7), whole);
      String text = whole.awaitFinished().text();
      int[] saved = whole.tokens().stream().mapToInt(token -> token).toArray();

      Listener rest = new Listener();
      engine.submit(resumed("mill", 3, 7, new Progress(saved, text.length() - 2)), rest);

      assertThat(rest.awaitFinished().text()).isEqualTo(text);
      assertThat(rest.text()).isEqualTo(text.substring(text.length() - 2));
      assertThat(rest.tokens()).isEmpty();
    }
  }

  @Test
  void shouldRefuseAPromptThatDoesNotFitTheContext() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 3)) {
      Listener listener = new Listener();
      engine.submit(request("one two three", 5, 0), listener);

      assertThat(listener.awaitFailed().error().kind()).isEqualTo(Kind.CONTEXT_LENGTH_EXCEEDED);
    }
  }

  @Test
  void shouldStopAtTheEndOfTheContext() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 5)) {
      assertThat(finish(engine, request("one two", 50, 0)).usage().completionTokens()).isEqualTo(3);
    }
  }

  @Test
  void shouldCancelARequestThatRunsAndOneThatWaits() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, 50, 1_000)) {
      Listener runs = new Listener();
      Listener waits = new Listener();
      Generation running = engine.submit(request("first", 900, 0), runs);
      Generation waiting = engine.submit(request("second", 900, 0), waits);
      Await.until("the first runs", () -> !runs.tokens().isEmpty());

      waiting.cancel();
      running.cancel();

      assertThat(runs.awaitFailed().error().kind()).isEqualTo(Kind.CANCELLED);
      assertThat(waits.awaitFailed().error().kind()).isEqualTo(Kind.CANCELLED);
      assertThat(waits.tokens()).isEmpty();
    }
  }

  @Test
  void shouldSayNothingMoreAboutAnAbandonedRequest() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 100_000)) {
      Listener listener = new Listener();
      Generation generation = engine.submit(request("mill", 90_000, 0), listener);
      Await.until("it runs", () -> !listener.events.isEmpty());

      generation.abandon();
      int heard = listener.events.size();
      finish(engine, request("next", 50, 0));

      assertThat(listener.events).hasSize(heard);
      assertThat(engine.status().running()).isZero();
    }
  }

  @Test
  void shouldEndARequestWhoseDeadlineHasPassed() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, FAST, 100)) {
      Listener listener = new Listener();
      engine.submit(
          new GenerationRequest(
              "id",
              "mill",
              5,
              Sampling.GREEDY,
              List.of(),
              0,
              OptionalLong.of(System.currentTimeMillis() - 1),
              Progress.NONE),
          listener);

      assertThat(listener.awaitFailed().error().kind()).isEqualTo(Kind.DEADLINE_EXCEEDED);
    }
  }

  @Test
  void shouldKeepToItsRateWhenAllSlotsAreTaken() {
    try (SimulatedEngine engine = SimulatedEngine.start(8, 4_000, 1_000)) {
      long start = System.nanoTime();
      List<Listener> listeners =
          IntStream.range(0, 16)
              .mapToObj(n -> {
                Listener listener = new Listener();
                engine.submit(request("prompt " + n, 250, n), listener);
                return listener;
              })
              .toList();
      assertThat(engine.status().queuedTokens()).isBetween(3_000L, 16L * 252);
      listeners.forEach(Listener::awaitFinished);

      double seconds = (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
      assertThat(16 * 250 / seconds).isCloseTo(4_000, within(400.0));
      assertThat(engine.status().queuedTokens()).isZero();
    }
  }

  @Test
  void shouldTakeTheMostUrgentFirst() {
    try (SimulatedEngine engine = SimulatedEngine.start(1, 500, 1_000)) {
      List<String> ends = new CopyOnWriteArrayList<>();
      for (int priority : new int[] {0, 5, 3, 4}) {
        engine.submit(
            new GenerationRequest(
                "id",
                "mill",
                5,
                Sampling.GREEDY,
                List.of(),
                priority,
                OptionalLong.empty(),
                Progress.NONE),
            event -> {
              if (event instanceof Finished) {
                ends.add("" + priority);
              }
            });
      }

      Await.until("all end", () -> ends.size() == 4);
      assertThat(ends).containsExactly("0", "3", "4", "5");
    }
  }

  private static Finished finish(SimulatedEngine engine, GenerationRequest request) {
    Listener listener = new Listener();
    engine.submit(request, listener);
    return listener.awaitFinished();
  }

  private static GenerationRequest request(String prompt, int maxTokens, long seed) {
    return resumed(prompt, maxTokens, seed, Progress.NONE);
  }

  private static GenerationRequest resumed(
      String prompt, int maxTokens, long seed, Progress progress) {
    return new GenerationRequest(
        "id",
        prompt,
        maxTokens,
        new Sampling(1, 1, 0, 0, seed),
        List.of(),
        0,
        OptionalLong.empty(),
        progress);
  }

  private static final class Listener implements java.util.function.Consumer<GenerationEvent> {
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();

    @Override
    public void accept(GenerationEvent event) {
      events.add(event);
    }

    Finished awaitFinished() {
      return (Finished) awaitEnd();
    }

    Failed awaitFailed() {
      return (Failed) awaitEnd();
    }

    private GenerationEvent awaitEnd() {
      Await.until(
          "the request ends", () -> !events.isEmpty() && !(events.getLast() instanceof Tokens));
      return events.getLast();
    }

    List<Integer> tokens() {
      return events.stream()
          .filter(Tokens.class::isInstance)
          .flatMapToInt(event -> IntStream.of(((Tokens) event).tokens()))
          .boxed()
          .toList();
    }

    String text() {
      return text(events.size());
    }

    String text(int firstEvents) {
      StringBuilder text = new StringBuilder();
      for (GenerationEvent event : events.subList(0, firstEvents)) {
        switch (event) {
          case Tokens tokens -> text.append(tokens.text());
          case Finished finished -> text.append(finished.lastText());
          case Failed failed -> {}
        }
      }
      return text.toString();
    }
  }
}
