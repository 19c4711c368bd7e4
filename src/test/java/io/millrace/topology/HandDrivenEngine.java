package io.millrace.topology;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationError;
import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Timings;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.TokenLogprobs;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An engine that says what a test tells it to say, when it tells it. */
final class HandDrivenEngine implements Engine {
  private final EngineInfo info;
  private final List<Request> requests = new ArrayList<>();
  private boolean broken;

  HandDrivenEngine(String fingerprint) {
    info = new EngineInfo(fingerprint, "hand", 4, 1_000);
  }

  /** The latest request with this id. */
  Request latest(String id) {
    return requests.stream()
        .filter(request -> request.request.id().equals(id))
        .reduce((first, second) -> second)
        .orElseThrow(() -> new AssertionError("prompt " + id + " was not submitted"));
  }

  /** The latest request for this choice of the prompt. */
  Request latest(String id, int choice) {
    return requests.stream()
        .filter(request -> request.request.id().equals(id))
        .filter(request -> request.request.sampling().choice() == choice)
        .reduce((first, second) -> second)
        .orElseThrow(() -> new AssertionError("prompt " + id + " was not submitted"));
  }

  /** How often a prompt with this id was submitted. */
  long submissions(String id) {
    return requests.stream().filter(request -> request.request.id().equals(id)).count();
  }

  @Override
  public Generation submit(GenerationRequest request, Consumer<? super GenerationEvent> listener) {
    if (broken) {
      throw new IllegalStateException("broken");
    }
    Request submitted = new Request(request, listener);
    requests.add(submitted);
    return submitted;
  }

  /** From now on it throws. */
  void breakDown() {
    broken = true;
  }

  @Override
  public EngineInfo info() {
    return info;
  }

  @Override
  public EngineStatus status() {
    return new EngineStatus(requests.size(), 0, 77, 12.5, 0, 0, true);
  }

  @Override
  public void close() {}

  static final class Request implements Generation {
    private final GenerationRequest request;
    private final Consumer<? super GenerationEvent> listener;
    private boolean abandoned;

    private Request(GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      this.request = request;
      this.listener = listener;
    }

    GenerationRequest request() {
      return request;
    }

    boolean isAbandoned() {
      return abandoned;
    }

    Request says(String text, int... tokens) {
      listener.accept(new Tokens(tokens, text));
      return this;
    }

    Request says(String text, TokenLogprobs logprobs) {
      listener.accept(new Tokens(new int[] {logprobs.token().id()}, text, List.of(logprobs)));
      return this;
    }

    void finishes(String lastText, String wholeText) {
      listener.accept(
          new Finished(
              FinishReason.STOP,
              lastText,
              wholeText,
              new Usage(5, 7, 1),
              new Timings(1, 50, 100, 5, 6)));
    }

    void fails(Kind kind, String message, String param) {
      listener.accept(
          new Failed(
              new GenerationError(kind, message, param),
              "",
              new Usage(5, 0, 0),
              new Timings(1, 0, 0, 0, 0)));
    }

    @Override
    public void cancel() {
      fails(Kind.CANCELLED, "cancelled", "");
    }

    @Override
    public void abandon() {
      abandoned = true;
    }
  }
}
