package io.millrace.engine;

import java.util.function.Consumer;

/** A request as its sender holds it: where its events go, and the wish to end it. Thread-safe. */
final class Submission implements Engine.Generation {
  private final GenerationRequest request;
  private final Consumer<? super GenerationEvent> listener;
  private final long arrival;
  private final Stopwatch stopwatch;
  private volatile boolean cancelled;
  private boolean silent;

  /**
   * @param arrival orders requests of equal priority
   */
  Submission(
      GenerationRequest request,
      Consumer<? super GenerationEvent> listener,
      long arrival,
      Stopwatch stopwatch) {
    this.request = request;
    this.listener = listener;
    this.arrival = arrival;
    this.stopwatch = stopwatch;
  }

  /** Tells the listener, unless it has been abandoned. */
  synchronized void emit(GenerationEvent event) {
    if (!silent) {
      listener.accept(event);
    }
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  @Override
  public synchronized void abandon() {
    silent = true;
    cancelled = true;
  }

  boolean cancelled() {
    return cancelled;
  }

  GenerationRequest request() {
    return request;
  }

  long arrival() {
    return arrival;
  }

  Stopwatch stopwatch() {
    return stopwatch;
  }
}
