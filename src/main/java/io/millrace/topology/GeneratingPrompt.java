package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.Engine;
import io.millrace.engine.Engine.Generation;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Penalties;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.Sampling;
import io.millrace.engine.StopConditions;
import io.millrace.record.Prompt;
import io.millrace.record.SamplingOptions;
import io.millrace.record.StopOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.common.header.Headers;

/**
 * A prompt that a task generates, and what the engine has said about it since the last look. Used
 * by the stream thread only.
 */
final class GeneratingPrompt {
  private final Prompt prompt;
  private final Headers headers;
  private final List<Integer> tokens = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private int segments;
  private Optional<Generation> generation = Optional.empty();
  private Optional<GenerationEvent> lastEvent = Optional.empty();

  /**
   * @param prompt its model and seed are decided
   * @param headers of its record
   * @param segments pieces that are saved already
   */
  GeneratingPrompt(Prompt prompt, Headers headers, int segments) {
    this.prompt = requireNonNull(prompt, "prompt is null");
    this.headers = requireNonNull(headers, "headers is null");
    this.segments = segments;
  }

  /** What was sampled since the last look, in order. */
  record Piece(List<Integer> tokens, String text) {}

  String id() {
    return prompt.id();
  }

  Prompt prompt() {
    return prompt;
  }

  Headers headers() {
    return headers;
  }

  /** Pieces saved so far; of a prompt that streams each is a chunk, so this is the next index. */
  int segments() {
    return segments;
  }

  /** The last that the engine said about it: how it ended, once it has. */
  GenerationEvent lastEvent() {
    return lastEvent.orElseThrow();
  }

  /** Gives the prompt to the engine; the listener gets what happens to it. */
  void submit(Engine engine, Progress resumed, Consumer<GenerationEvent> listener) {
    GenerationRequest request =
        new GenerationRequest(
            prompt.id(),
            prompt.prompt(),
            prompt.maxTokens(),
            sampling(),
            stopConditions(),
            OptionalInt.empty(),
            ResponseFormat.TEXT,
            prompt.priority(),
            prompt.deadline(),
            resumed);
    generation = Optional.of(engine.submit(request, listener));
  }

  private Sampling sampling() {
    SamplingOptions options = prompt.sampling();
    return new Sampling(
        options.temperature(),
        options.topP(),
        options.topK(),
        options.minP(),
        new Penalties(
            options.repetitionPenalty(), options.presencePenalty(), options.frequencyPenalty()),
        options.logitBias(),
        prompt.seed().orElseThrow(),
        0);
  }

  private StopConditions stopConditions() {
    StopOptions options = prompt.stop();
    return new StopConditions(
        options.texts(), Set.copyOf(options.tokenIds()), options.minTokens(), options.ignoreEos());
  }

  /** Ends it silently: the task no longer generates it. */
  void abandon() {
    generation.ifPresent(Generation::abandon);
  }

  void take(GenerationEvent event) {
    lastEvent = Optional.of(event);
    switch (event) {
      case Tokens sampled -> {
        IntStream.of(sampled.tokens()).forEach(tokens::add);
        text.append(sampled.text());
      }
      case Finished finished -> text.append(finished.lastText());
      case Failed failed -> {}
    }
  }

  Piece takePiece() {
    Piece piece = new Piece(List.copyOf(tokens), text.toString());
    tokens.clear();
    text.setLength(0);
    return piece;
  }

  /** Counts a piece as saved; returns its number, from 1. */
  int nextSegment() {
    return ++segments;
  }
}
