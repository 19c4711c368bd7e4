package io.millrace.engine;

import java.util.function.Consumer;

/**
 * Generates text for many requests at once. Thread-safe; nothing here waits for a model to compute.
 *
 * <p>Every request that is submitted ends in exactly one {@link GenerationEvent.Finished} or {@link
 * GenerationEvent.Failed}, unless its {@link Generation} was abandoned or the engine was closed.
 */
public interface Engine extends AutoCloseable {
  /**
   * Takes a request. Events come in order, one at a time, on a thread of the engine; the listener
   * must return quickly and not throw.
   */
  Generation submit(GenerationRequest request, Consumer<? super GenerationEvent> listener);

  /** What this engine is; does not change. */
  EngineInfo info();

  /** What this engine does now. */
  EngineStatus status();

  /** From now on the listener hears how the engine gets on, in place of the one before. */
  default void listen(EngineListener listener) {}

  /** Stops without ending the requests in progress: their listeners hear nothing more. */
  @Override
  void close();

  /** A request in progress. */
  interface Generation {
    /**
     * Ends it with {@link GenerationError.Kind#CANCELLED} within one step; nothing happens when it
     * has ended.
     */
    void cancel();

    /** Ends it silently: its listener hears nothing more once this returns. */
    void abandon();
  }
}
