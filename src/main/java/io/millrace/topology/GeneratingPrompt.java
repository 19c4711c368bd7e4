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
import io.millrace.record.Work;
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
  private static final long NEVER = -1;

  private final Work work;
  private final Prompt prompt;
  private final Headers headers;
  private final Progress resumed;
  private final int strikes;
  private final boolean restored;
  private final List<Integer> tokens = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private int segments;
  private boolean cancelled;

  /** Numbers of commits after which the attempt, and a token of it, are committed. */
  private long begunAt = NEVER;

  private long provenAt = NEVER;
  private Optional<Generation> generation = Optional.empty();
  private Optional<GenerationEvent> lastEvent = Optional.empty();

  private GeneratingPrompt(
      Work work, Headers headers, Progress resumed, int segments, int strikes, boolean restored) {
    this.work = requireNonNull(work, "work is null");
    this.prompt = work.prompt();
    this.headers = requireNonNull(headers, "headers is null");
    this.resumed = resumed;
    this.segments = segments;
    this.strikes = strikes;
    this.restored = restored;
  }

  /**
   * A prompt that has just arrived.
   *
   * @param headers of its record
   */
  static GeneratingPrompt arrived(Work work, Headers headers) {
    return new GeneratingPrompt(work, headers, Progress.NONE, 0, 0, false);
  }

  /** A prompt that an earlier owner of the task has left. */
  static GeneratingPrompt restored(SavedPrompt saved) {
    return new GeneratingPrompt(
        Work.fromJson(saved.work()),
        saved.headers(),
        saved.progress(),
        saved.segments(),
        saved.strikes(),
        true);
  }

  /** The same prompt, to be generated from its beginning. */
  GeneratingPrompt fromTheBeginning() {
    return new GeneratingPrompt(work, headers, Progress.NONE, 0, strikes, restored);
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

  /** Timestamp of its record on {@code prompts}, epoch milliseconds. */
  long publishedAt() {
    return work.publishedAt();
  }

  /** Attempts that ended before a token of them was committed, the present one not counted. */
  int strikes() {
    return strikes;
  }

  /** Whether it may have ended the process that generated it. */
  boolean isSuspect() {
    return strikes > 0;
  }

  /** Whether an earlier owner of the task had it. */
  boolean isRestored() {
    return restored;
  }

  /** An attempt begins; it is written to the store in the present transaction. */
  void begin(Commits commits) {
    begunAt = commits.number();
  }

  /** Whether an attempt has begun. */
  boolean hasBegun() {
    return begunAt != NEVER;
  }

  /** Whether the engine does not have it yet, but may get it: the attempt is committed. */
  boolean isDue(Commits commits) {
    return hasBegun() && generation.isEmpty() && commits.number() > begunAt;
  }

  /** Whether the engine has it. */
  boolean isSubmitted() {
    return generation.isPresent();
  }

  /** Whether its deadline has passed. */
  boolean isLate(long now) {
    return prompt.deadline().isPresent() && prompt.deadline().getAsLong() <= now;
  }

  /** Whether the present attempt has added nothing that would outlive it. */
  boolean isInVain() {
    return hasBegun() && provenAt == NEVER;
  }

  /** Whether a token of the present attempt is committed. */
  boolean isProven(Commits commits) {
    return provenAt != NEVER && commits.number() > provenAt;
  }

  /** A token of the present attempt is written to the store in the present transaction. */
  void prove(Commits commits) {
    if (provenAt == NEVER) {
      provenAt = commits.number();
    }
  }

  /** Asks the engine, once, to end it as cancelled. */
  void cancel() {
    if (!cancelled) {
      generation.ifPresent(Generation::cancel);
      cancelled = true;
    }
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
  void submit(Engine engine, Consumer<GenerationEvent> listener) {
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
