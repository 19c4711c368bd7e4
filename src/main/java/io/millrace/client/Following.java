package io.millrace.client;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A prompt whose end a client waits for: its completion and, when it wants chunks, the last one of
 * every choice. The two come from different topics, in any order.
 */
final class Following {
  private final CompletableFuture<Completion> result = new CompletableFuture<>();
  private final Optional<Consumer<? super Chunk>> onChunk;
  private Optional<Completion> completion = Optional.empty();
  private int endedChoices;

  Following(Optional<Consumer<? super Chunk>> onChunk) {
    this.onChunk = onChunk;
  }

  CompletableFuture<Completion> result() {
    return result;
  }

  /** Called from one thread only. */
  void chunk(Chunk chunk) {
    onChunk.ifPresent(listener -> listener.accept(chunk));
    synchronized (this) {
      endedChoices += chunk.finishReason().isPresent() ? 1 : 0;
    }
    completeWhenWhole();
  }

  void completion(Completion end) {
    synchronized (this) {
      completion = Optional.of(end);
    }
    completeWhenWhole();
  }

  private void completeWhenWhole() {
    Optional<Completion> whole;
    synchronized (this) {
      whole = completion.filter(end -> onChunk.isEmpty() || endedChoices >= choices(end));
    }
    whole.ifPresent(result::complete);
  }

  /** An error ends the chunks once. */
  private static int choices(Completion end) {
    return Math.max(1, end.choices().size());
  }
}
