package io.millrace.worker;

import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationError;
import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Timings;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.GenerationRequest;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Stands in for a model that nobody serves any more: whatever it gets ends with an error. */
final class RemovedModel implements Engine {
  private static final int SLOTS = 64;

  private final AtomicInteger ended = new AtomicInteger();
  private final GenerationError error;

  RemovedModel(String model) {
    error =
        new GenerationError(
            Kind.MODEL_NOT_FOUND, "the model %s was removed".formatted(model), "model");
  }

  /** Prompts that it has ended. */
  int ended() {
    return ended.get();
  }

  @Override
  public Generation submit(GenerationRequest request, Consumer<? super GenerationEvent> listener) {
    ended.incrementAndGet();
    listener.accept(new Failed(error, "", new Usage(0, 0, 0), new Timings(0, 0, 0, 0, 0)));
    return new Generation() {
      @Override
      public void cancel() {}

      @Override
      public void abandon() {}
    };
  }

  @Override
  public EngineInfo info() {
    return new EngineInfo("removed", "removed", SLOTS, 1);
  }

  @Override
  public EngineStatus status() {
    return new EngineStatus(0, 0, 0, 0, 0, 0, true);
  }

  @Override
  public void close() {}
}
