package io.millrace.faults;

import io.millrace.Await;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Sampling;
import io.millrace.engine.simulated.SimulatedEngine;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;

/** What an engine says that nobody disturbs. */
final class UndisturbedRun {
  private static final int SLOTS = 64;
  private static final double TOKENS_PER_SECOND = 1e6;
  private static final long SEED = 1;

  private UndisturbedRun() {}

  /** What is asked of an engine. */
  record Request(String prompt, int maxTokens) {}

  /** The text of each request, by its id. */
  static Map<String, String> texts(Map<String, Request> requests) {
    Map<String, String> texts = new ConcurrentHashMap<>();
    try (SimulatedEngine engine =
        SimulatedEngine.start(SLOTS, TOKENS_PER_SECOND, SimulatedWorker.CONTEXT_LENGTH)) {
      requests.forEach((id, request) ->
          engine.submit(generation(id, request), event -> keepText(id, event, texts)));
      Await.until("all are generated", () -> texts.size() == requests.size());
    }
    return texts;
  }

  private static GenerationRequest generation(String id, Request request) {
    return new GenerationRequest(
        id,
        request.prompt(),
        request.maxTokens(),
        new Sampling(0, 1, 0, 0, SEED),
        List.of(),
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  private static void keepText(String id, GenerationEvent event, Map<String, String> texts) {
    if (event instanceof Finished finished) {
      texts.put(id, finished.text());
    }
  }
}
