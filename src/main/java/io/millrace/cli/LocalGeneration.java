package io.millrace.cli;

import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Timings;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** One request to an engine of this process, from its submission to its end. */
record LocalGeneration(List<Integer> tokens, Finished finished) {
  /**
   * Generates, and waits for the end.
   *
   * @param writeEvery tokens between two calls of {@code writer}
   * @param writer takes the text, part by part
   * @throws IllegalStateException when the request fails; the message says why
   */
  static LocalGeneration run(
      Engine engine, GenerationRequest request, int writeEvery, Consumer<String> writer)
      throws InterruptedException {
    BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    engine.submit(request, events::add);
    List<Integer> tokens = new ArrayList<>();
    StringBuilder unwritten = new StringBuilder();
    while (true) {
      switch (events.take()) {
        case Tokens step -> {
          Arrays.stream(step.tokens()).forEach(tokens::add);
          unwritten.append(step.text());
          if (tokens.size() % writeEvery == 0) {
            writer.accept(unwritten.toString());
            unwritten.setLength(0);
          }
        }
        case Finished finished -> {
          writer.accept(unwritten + finished.lastText());
          return new LocalGeneration(List.copyOf(tokens), finished);
        }
        case Failed failed -> throw new IllegalStateException(failed.error().message());
      }
    }
  }

  double promptTokensPerSecond() {
    Timings timings = finished.timings();
    return perSecond(timings.promptTokens(), timings.prefillMillis());
  }

  /** Rate after the first token, whose time belongs to the prompt. */
  double generationTokensPerSecond() {
    Timings timings = finished.timings();
    return perSecond(timings.decodedTokens() - 1, timings.decodeMillis());
  }

  private static double perSecond(int tokens, double millis) {
    return millis > 0 ? tokens * 1000 / millis : 0;
  }
}
