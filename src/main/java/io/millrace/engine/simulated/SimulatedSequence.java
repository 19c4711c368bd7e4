package io.millrace.engine.simulated;

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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A request in the {@link SimulatedEngine}, whose lock guards it. */
final class SimulatedSequence {
  private final GenerationRequest request;
  private final Consumer<? super GenerationEvent> listener;
  private final int contextLength;
  private final long arrival;
  private final int promptTokens;
  private final int resumedTokens;
  private final long submittedAt = System.nanoTime();
  private final StringBuilder text = new StringBuilder();
  private int tokens;
  private int published;
  private long startedAt;
  private boolean cancelled;

  SimulatedSequence(
      GenerationRequest request,
      Consumer<? super GenerationEvent> listener,
      int contextLength,
      long arrival) {
    this.request = request;
    this.listener = listener;
    this.contextLength = contextLength;
    this.arrival = arrival;
    promptTokens = request.prompt().strip().split("\\s+").length;
    for (int token : request.resumed().tokens()) {
      append(token);
    }
    resumedTokens = tokens;
    published = Math.min(request.resumed().publishedChars(), text.length());
  }

  int priority() {
    return request.priority();
  }

  long arrival() {
    return arrival;
  }

  /** Tokens of the prompt not yet seen, and the most that may still be generated. */
  long tokensToCompute() {
    return (startedAt == 0 ? promptTokens : 0) + request.maxTokens() - tokens;
  }

  void cancel() {
    cancelled = true;
  }

  /** Fails the request when it cannot go on; returns whether it did. */
  boolean endsEarly() {
    Optional<GenerationError> error = error();
    error.ifPresent(e -> listener.accept(new Failed(e, text.toString(), usage(), timings())));
    return error.isPresent();
  }

  private Optional<GenerationError> error() {
    if (cancelled) {
      return Optional.of(new GenerationError(Kind.CANCELLED, "the prompt was cancelled", ""));
    }
    if (request.deadline().isPresent()
        && System.currentTimeMillis() > request.deadline().getAsLong()) {
      return Optional.of(new GenerationError(Kind.DEADLINE_EXCEEDED, "the deadline passed", ""));
    }
    if (promptTokens >= contextLength) {
      return Optional.of(
          new GenerationError(
              Kind.CONTEXT_LENGTH_EXCEEDED,
              "the prompt has %d tokens, but the context length is %d"
                  .formatted(promptTokens, contextLength),
              "prompt"));
    }
    return Optional.empty();
  }

  /** Generates one token; returns whether the completion is whole. */
  boolean step() {
    if (startedAt == 0) {
      startedAt = System.nanoTime();
    }
    if (!isFull()) {
      long seed = request.sampling().seed() + request.sampling().choice();
      int token = Words.at(request.prompt(), seed, tokens);
      append(token);
      listener.accept(new Tokens(new int[] {token}, unpublished()));
    }
    if (isFull()) {
      listener.accept(
          new Finished(FinishReason.LENGTH, unpublished(), text.toString(), usage(), timings()));
      return true;
    }
    return false;
  }

  private boolean isFull() {
    return request.resumed().end().isPresent()
        || tokens >= request.maxTokens()
        || promptTokens + tokens >= contextLength;
  }

  private void append(int token) {
    text.append(tokens == 0 ? "" : " ").append(Words.text(token));
    tokens++;
  }

  private String unpublished() {
    String rest = text.substring(published);
    published = text.length();
    return rest;
  }

  private Usage usage() {
    return new Usage(promptTokens, tokens, 0);
  }

  private Timings timings() {
    long now = System.nanoTime();
    return new Timings(
        millis(startedAt == 0 ? now - submittedAt : startedAt - submittedAt),
        0,
        startedAt == 0 ? 0 : millis(now - startedAt),
        promptTokens + resumedTokens,
        tokens - resumedTokens);
  }

  private static double millis(long nanos) {
    return nanos / (double) TimeUnit.MILLISECONDS.toNanos(1);
  }
}
