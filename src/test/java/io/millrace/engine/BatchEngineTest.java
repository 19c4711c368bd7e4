package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.model.TinyModel;
import io.millrace.tensor.Backend;
import io.millrace.tensor.ReferenceBackend;
import io.millrace.text.chat.ChatTemplate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchEngineTest {
  private static final int ENOUGH_PAGES = 64;
  private static final String TEMPLATE =
      "[{{ strftime_now('%Y-%m-%d') }}]{% for m in messages %}"
          + "{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
          + "{{ m.content }}{% endfor %}!";

  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : open.reversed()) {
      resource.close();
    }
  }

  @Test
  void shouldGenerateTheSameAloneAndTogether() throws Exception {
    List<GenerationRequest> requests =
        IntStream.range(0, 8).mapToObj(i -> request("prompt " + i, 20 + i, 0.8)).toList();
    Engine alone = engine(1, ENOUGH_PAGES);
    List<int[]> expected = new ArrayList<>();
    for (GenerationRequest request : requests) {
      expected.add(submit(alone, request).await().tokens());
    }

    Engine together = engine(8, ENOUGH_PAGES);
    List<Outcome> outcomes = requests.stream().map(request -> submit(together, request)).toList();

    for (int i = 0; i < requests.size(); i++) {
      assertThat(outcomes.get(i).await().tokens()).isEqualTo(expected.get(i));
    }
  }

  @Test
  void shouldGenerateTheSameWhenPreempted() throws Exception {
    List<GenerationRequest> requests =
        IntStream.range(0, 4).mapToObj(i -> request("some prompt " + i, 60, 0.8)).toList();
    Engine roomy = engine(4, ENOUGH_PAGES);
    List<Outcome> expected = requests.stream().map(request -> submit(roomy, request)).toList();

    Engine tight = engine(4, 6); // each request comes to three pages
    List<Outcome> outcomes = requests.stream().map(request -> submit(tight, request)).toList();

    for (int i = 0; i < requests.size(); i++) {
      assertThat(outcomes.get(i).await().tokens()).isEqualTo(expected.get(i).await().tokens());
    }
    assertThat(awaitIdle(tight).pagesUsed()).isZero();
  }

  @Test
  void shouldGoOnWhereAnEarlierAttemptLeftOff() throws Exception {
    Engine engine = engine(2, ENOUGH_PAGES);
    GenerationRequest request = request("once", 40, 0.8);
    Outcome whole = submit(engine, request).await();

    for (int saved : new int[] {1, 7, 39, 40}) {
      int[] tokens = Arrays.copyOf(whole.tokens(), saved);
      int published = whole.textOfFirst(saved).length();
      Outcome rest =
          submit(engine, Requests.resumed(request, new Progress(tokens, published))).await();

      assertThat(whole.textOfFirst(saved) + rest.text()).isEqualTo(whole.text());
      assertThat(rest.finished().text()).isEqualTo(whole.text());
      assertThat(rest.finished().usage().promptTokens()).isEqualTo(5);
      assertThat(rest.finished().usage().completionTokens()).isEqualTo(40);
    }
  }

  @Test
  void shouldPublishTextThatEqualsTheWhole() throws Exception {
    Outcome outcome = submit(engine(1, ENOUGH_PAGES), request("text", 50, 1)).await();

    assertThat(outcome.text()).isEqualTo(outcome.finished().text());
    assertThat(outcome.finished().usage().completionTokens()).isEqualTo(outcome.tokens().length);
  }

  @Test
  void shouldEndAtMaxTokens() throws Exception {
    Outcome outcome = submit(engine(1, ENOUGH_PAGES), request("a", 5, 0)).await();

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.tokens()).hasSize(5);
    assertThat(outcome.finished().usage()).isEqualTo(new GenerationEvent.Usage(2, 5, 0));
  }

  @Test
  void shouldEndWhereTheContextEnds() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);

    Outcome outcome = submit(engine, request("x".repeat(250), 100, 0)).await();

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.tokens()).hasSize(256 - 251);
  }

  @Test
  void shouldEndBeforeAStopText() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);
    String text = submit(engine, request("stop", 40, 0.8)).await().text();
    String stop = text.substring(10, 13);

    GenerationRequest request =
        new GenerationRequest(
            "id", "stop", 40, sampling(0.8), List.of(stop), 0, OptionalLong.empty(), Progress.NONE);
    Outcome outcome = submit(engine, request).await();

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
    assertThat(outcome.finished().text()).isEqualTo(text.substring(0, text.indexOf(stop)));
    assertThat(outcome.text()).isEqualTo(outcome.finished().text());
  }

  @Test
  void shouldRefuseAPromptThatNeverFits() throws Exception {
    Outcome context = submit(engine(1, ENOUGH_PAGES), request("x".repeat(255), 1, 0)).await();
    Outcome pages = submit(engine(1, 2), request("x".repeat(63), 1, 0)).await();

    assertThat(context.failed().error().kind())
        .isEqualTo(GenerationError.Kind.CONTEXT_LENGTH_EXCEEDED);
    assertThat(context.failed().error().message()).contains("256 tokens").contains("room for 256");
    assertThat(pages.failed().error().message()).contains("64 tokens").contains("room for 64");
  }

  @Test
  void shouldEndACancelledRequestAndFreeItsPages() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);
    Outcome outcome = submit(engine, request("long", 200, 0));
    outcome.awaitTokens(3);

    outcome.generation.cancel();
    outcome.await();

    assertThat(outcome.failed().error().kind()).isEqualTo(GenerationError.Kind.CANCELLED);
    assertThat(outcome.failed().text()).isEqualTo(outcome.text());
    assertThat(outcome.tokens().length).isLessThan(200);
    assertThat(awaitIdle(engine).pagesUsed()).isZero();
  }

  @Test
  void shouldEndARequestWhoseDeadlineHasPassed() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);
    GenerationRequest request =
        new GenerationRequest(
            "id", "late", 5, sampling(0), List.of(), 0, OptionalLong.of(999), Progress.NONE);

    Outcome outcome = submit(engine, request).await();

    assertThat(outcome.failed().error().kind()).isEqualTo(GenerationError.Kind.DEADLINE_EXCEEDED);
    assertThat(outcome.tokens()).isEmpty();
  }

  @Test
  void shouldSayNothingMoreOfAnAbandonedRequest() throws Exception {
    Engine engine = engine(2, ENOUGH_PAGES);
    Outcome abandoned = submit(engine, request("gone", 200, 0));
    abandoned.awaitTokens(1);

    abandoned.generation.abandon();
    int heard = abandoned.events.size();
    submit(engine, request("other", 5, 0)).await();

    assertThat(abandoned.events).hasSize(heard);
    assertThat(awaitIdle(engine).pagesUsed()).isZero();
  }

  @Test
  void shouldFailTheRunningRequestsWhenTheBackendFailsAndGoOnWithANewOne() throws Exception {
    FailingBackend backend = new FailingBackend(new ReferenceBackend());
    Engine engine = engine(backend.proxy(), 2, ENOUGH_PAGES);
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
    Engine engine = engine(backend.proxy(), reload, 2, ENOUGH_PAGES);
    backend.failNextCommit();

    Outcome running = submit(engine, request("running", 5, 0)).await();
    Outcome later = submit(engine, request("later", 5, 0)).await();

    assertThat(running.failed().error().message()).contains("device lost");
    assertThat(later.failed().error().message()).contains("no device");
    assertThat(engine.status().healthy()).isFalse();
  }

  @Test
  void shouldFailOnlyTheRequestThatCannotBeTokenized() throws Exception {
    Engine engine = engine(2, ENOUGH_PAGES);

    Outcome bad = submit(engine, request(UnwillingTokenizer.UNWELCOME, 5, 0)).await();
    Outcome good = submit(engine, request("fine", 5, 0)).await();

    assertThat(bad.failed().error().kind()).isEqualTo(GenerationError.Kind.INVALID_REQUEST);
    assertThat(good.finished().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void shouldPreferLowerPriorityNumbersThenArrival() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);
    List<String> order = new ArrayList<>();
    Outcome first = submit(engine, request("first", 100, 0));
    first.awaitTokens(1);

    List<Outcome> waiting = new ArrayList<>();
    for (int priority : new int[] {5, 0, 5, -1}) {
      String id = priority + "#" + waiting.size();
      GenerationRequest request =
          new GenerationRequest(
              id, id, 2, sampling(0), List.of(), priority, OptionalLong.empty(), Progress.NONE);
      waiting.add(submit(engine, request, () -> order.add(id)));
    }
    for (Outcome outcome : waiting) {
      outcome.await();
    }

    assertThat(order).containsExactly("-1#3", "0#1", "5#0", "5#2");
  }

  @Test
  void shouldRefuseMoreSlotsThanTheModelWasLoadedFor() {
    assertThatThrownBy(() -> engine(100, ENOUGH_PAGES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("100 slots");
  }

  private Engine engine(int slots, int pages) {
    return engine(new ReferenceBackend(), slots, pages);
  }

  private Engine engine(Backend backend, int slots, int pages) {
    return engine(backend, () -> load(new ReferenceBackend()), slots, pages);
  }

  private Engine engine(Backend backend, Supplier<Transformer> reload, int slots, int pages) {
    Transformer transformer = load(backend);
    open.add(transformer);
    Engine engine =
        BatchEngine.start(
            transformer,
            reload,
            new UnwillingTokenizer(),
            Optional.of(ChatTemplate.of(TEMPLATE, Map.of())),
            new BatchEngine.Settings(slots, pages, "fingerprint", "build"),
            InstantSource.fixed(Instant.ofEpochMilli(1_000)));
    open.add(engine);
    return engine;
  }

  private static Transformer load(Backend backend) {
    return new Transformer(TinyModel.load(backend, ByteTokenizer.VOCAB_SIZE, 48, 16), backend);
  }

  private static EngineStatus awaitIdle(Engine engine) throws InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (engine.status().running() + engine.status().waiting() > 0) {
      assertThat(System.nanoTime()).as("engine is idle in time").isLessThan(limit);
      Thread.onSpinWait();
    }
    return engine.status();
  }

  private static GenerationRequest request(String prompt, int maxTokens, double temperature) {
    return new GenerationRequest(
        prompt,
        prompt,
        maxTokens,
        sampling(temperature),
        List.of(),
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  @Test
  void shouldRenderConversations() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);
    int[] expected = submit(engine, request("[1970-01-01]Hi<x>!", 10, 0.8)).await().tokens();

    Outcome outcome =
        submit(engine, chat("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi<x>\"}]}"));

    assertThat(outcome.await().tokens()).isEqualTo(expected);
  }

  @Test
  void shouldRefuseConversationsThatTheTemplateRefuses() throws Exception {
    Engine engine = engine(1, ENOUGH_PAGES);

    Outcome outcome = submit(engine, chat("{\"messages\":[{\"role\":\"tool\"}]}"));

    Failed failed = outcome.await().failed();
    assertThat(failed.error().kind()).isEqualTo(GenerationError.Kind.INVALID_REQUEST);
    assertThat(failed.error().param()).isEqualTo("messages");
    assertThat(failed.error().message()).contains("line 1: no tools");
  }

  private static GenerationRequest chat(String json) {
    return new GenerationRequest(
        "chat",
        json,
        OptionalLong.of(1_000),
        10,
        sampling(0.8),
        StopConditions.texts(List.of()),
        OptionalInt.empty(),
        ResponseFormat.TEXT,
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  private static Sampling sampling(double temperature) {
    return new Sampling(temperature, 1, 0, 0, 99);
  }

  private static Outcome submit(Engine engine, GenerationRequest request) {
    return submit(engine, request, () -> {});
  }

  private static Outcome submit(Engine engine, GenerationRequest request, Runnable atEnd) {
    Outcome outcome = new Outcome();
    outcome.generation =
        engine.submit(
            request,
            event -> {
              if (!(event instanceof Tokens)) {
                atEnd.run();
              }
              outcome.events.add(event);
            });
    return outcome;
  }

  /** What a request came to. */
  private static final class Outcome {
    final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    private final List<Tokens> steps = new ArrayList<>();
    private GenerationEvent end;
    private Engine.Generation generation;

    Outcome await() throws InterruptedException {
      while (end == null) {
        take();
      }
      return this;
    }

    void awaitTokens(int count) throws InterruptedException {
      while (steps.size() < count) {
        take();
      }
    }

    private void take() throws InterruptedException {
      GenerationEvent event = events.poll(20, TimeUnit.SECONDS);
      assertThat(event).as("an event in time").isNotNull();
      if (event instanceof Tokens tokens) {
        steps.add(tokens);
      } else {
        end = event;
      }
    }

    int[] tokens() {
      return steps.stream().flatMapToInt(step -> Arrays.stream(step.tokens())).toArray();
    }

    String textOfFirst(int count) {
      return String.join("", steps.stream().limit(count).map(Tokens::text).toList());
    }

    String text() {
      return textOfFirst(steps.size())
          + (end instanceof Finished finished ? finished.lastText() : "");
    }

    Finished finished() {
      return (Finished) end;
    }

    Failed failed() {
      return (Failed) end;
    }
  }

  /** Refuses one text, as a tokenizer may. */
  private static final class UnwillingTokenizer extends ByteTokenizer {
    static final String UNWELCOME = "unwelcome";

    @Override
    public int[] encodePrompt(String text) {
      if (text.equals(UNWELCOME)) {
        throw new IllegalArgumentException("this text is unwelcome");
      }
      return super.encodePrompt(text);
    }
  }
}
