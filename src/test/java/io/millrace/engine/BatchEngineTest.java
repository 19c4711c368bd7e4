package io.millrace.engine;

import static io.millrace.engine.EngineRig.ENOUGH_PAGES;
import static io.millrace.engine.EngineRig.awaitIdle;
import static io.millrace.engine.EngineRig.request;
import static io.millrace.engine.EngineRig.sampling;
import static io.millrace.engine.EngineRig.submit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.engine.EngineRig.Outcome;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.tensor.Backend;
import io.millrace.tensor.DType;
import io.millrace.tensor.ReferenceBackend;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchEngineTest {
  private final EngineRig rig = new EngineRig(this::backend, this::cacheType);

  /** A new backend, for an engine to close. */
  protected Backend backend() {
    return new ReferenceBackend();
  }

  /** The type of keys and values. */
  protected DType cacheType(Backend backend) {
    return backend.cacheType();
  }

  @AfterEach
  void close() throws Exception {
    rig.close();
  }

  @Test
  void shouldGenerateTheSameAloneAndTogether() throws Exception {
    List<GenerationRequest> requests =
        IntStream.range(0, 8).mapToObj(i -> request("prompt " + i, 20 + i, 0.8)).toList();
    Engine alone = rig.engine(1, ENOUGH_PAGES);
    List<int[]> expected = new ArrayList<>();
    for (GenerationRequest request : requests) {
      expected.add(submit(alone, request).await().tokens());
    }

    Engine together = rig.engine(8, ENOUGH_PAGES);
    List<Outcome> outcomes = requests.stream().map(request -> submit(together, request)).toList();

    for (int i = 0; i < requests.size(); i++) {
      assertThat(outcomes.get(i).await().tokens()).isEqualTo(expected.get(i));
    }
  }

  @Test
  void shouldGenerateTheSameWhenPreempted() throws Exception {
    List<GenerationRequest> requests =
        IntStream.range(0, 4).mapToObj(i -> request("some prompt " + i, 60, 0.8)).toList();
    Engine roomy = rig.engine(4, ENOUGH_PAGES);
    List<Outcome> expected = requests.stream().map(request -> submit(roomy, request)).toList();

    Engine tight = rig.engine(4, 6); // each request comes to three pages
    List<Outcome> outcomes = requests.stream().map(request -> submit(tight, request)).toList();

    for (int i = 0; i < requests.size(); i++) {
      assertThat(outcomes.get(i).await().tokens()).isEqualTo(expected.get(i).await().tokens());
    }
    assertThat(awaitIdle(tight).pagesUsed()).isZero();
  }

  @Test
  void shouldGoOnWhereAnEarlierAttemptLeftOff() throws Exception {
    Engine engine = rig.engine(2, ENOUGH_PAGES);
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
    Outcome outcome = submit(rig.engine(1, ENOUGH_PAGES), request("text", 50, 1)).await();

    assertThat(outcome.text()).isEqualTo(outcome.finished().text());
    assertThat(outcome.finished().usage().completionTokens()).isEqualTo(outcome.tokens().length);
  }

  @Test
  void shouldEndAtMaxTokens() throws Exception {
    Outcome outcome = submit(rig.engine(1, ENOUGH_PAGES), request("a", 5, 0)).await();

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.tokens()).hasSize(5);
    assertThat(outcome.finished().usage()).isEqualTo(new GenerationEvent.Usage(2, 5, 0));
  }

  @Test
  void shouldEndWhereTheContextEnds() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);

    Outcome outcome = submit(engine, request("x".repeat(250), 100, 0)).await();

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.tokens()).hasSize(256 - 251);
  }

  @Test
  void shouldEndBeforeAStopText() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);
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
    Outcome context = submit(rig.engine(1, ENOUGH_PAGES), request("x".repeat(255), 1, 0)).await();
    Outcome pages = submit(rig.engine(1, 2), request("x".repeat(63), 1, 0)).await();

    assertThat(context.failed().error().kind())
        .isEqualTo(GenerationError.Kind.CONTEXT_LENGTH_EXCEEDED);
    assertThat(context.failed().error().message()).contains("256 tokens").contains("room for 256");
    assertThat(pages.failed().error().message()).contains("64 tokens").contains("room for 64");
  }

  @Test
  void shouldPreferLowerPriorityNumbersThenArrival() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);
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
    assertThatThrownBy(() -> rig.engine(100, ENOUGH_PAGES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("100 slots");
  }

  @Test
  void shouldRenderConversations() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);
    int[] expected = submit(engine, request("[1970-01-01]Hi<x>!", 10, 0.8)).await().tokens();

    Outcome outcome =
        submit(engine, chat("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi<x>\"}]}"));

    assertThat(outcome.await().tokens()).isEqualTo(expected);
  }

  @Test
  void shouldRefuseConversationsThatTheTemplateRefuses() throws Exception {
    Engine engine = rig.engine(1, ENOUGH_PAGES);

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
}
