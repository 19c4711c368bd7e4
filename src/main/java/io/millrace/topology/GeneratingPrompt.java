package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.Engine;
import io.millrace.engine.Engine.Generation;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.Penalties;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.Sampling;
import io.millrace.engine.StopConditions;
import io.millrace.record.OutputOptions.Format;
import io.millrace.record.Prompt;
import io.millrace.record.SamplingOptions;
import io.millrace.record.StopOptions;
import io.millrace.record.Work;
import io.millrace.topology.GeneratingChoice.Piece;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Headers;

/** A prompt that a task generates, one choice or several. Used by the stream thread only. */
final class GeneratingPrompt {
  private static final long NEVER = -1;

  private final Work work;
  private final Prompt prompt;
  private final Headers headers;
  private final List<GeneratingChoice> choices;
  private final int strikes;
  private final boolean restored;
  private int segments;
  private boolean cancelled;

  /** Numbers of commits after which the attempt, and a token of it, are committed. */
  private long begunAt = NEVER;

  private long provenAt = NEVER;
  private boolean submitted;

  private GeneratingPrompt(
      Work work,
      Headers headers,
      IntFunction<SavedChoice> saved,
      int segments,
      int strikes,
      boolean restored) {
    this.work = requireNonNull(work, "work is null");
    this.prompt = work.prompt();
    this.headers = requireNonNull(headers, "headers is null");
    this.choices =
        IntStream.range(0, prompt.output().n())
            .mapToObj(index -> new GeneratingChoice(index, saved.apply(index)))
            .toList();
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
    return new GeneratingPrompt(work, headers, index -> SavedChoice.NONE, 0, 0, false);
  }

  /** A prompt that an earlier owner of the task has left. */
  static GeneratingPrompt restored(SavedPrompt saved) {
    return new GeneratingPrompt(
        Work.fromJson(saved.work()),
        saved.headers(),
        saved::choice,
        saved.segments(),
        saved.strikes(),
        true);
  }

  /** The same prompt, to be generated from its beginning. */
  GeneratingPrompt fromTheBeginning() {
    return new GeneratingPrompt(work, headers, index -> SavedChoice.NONE, 0, strikes, restored);
  }

  String id() {
    return prompt.id();
  }

  Prompt prompt() {
    return prompt;
  }

  Headers headers() {
    return headers;
  }

  /** Its completions, which are generated at the same time. */
  List<GeneratingChoice> choices() {
    return choices;
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
    return hasBegun() && !submitted && commits.number() > begunAt;
  }

  /** Whether the engine has it. */
  boolean isSubmitted() {
    return submitted;
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
      generations().forEach(Generation::cancel);
      cancelled = true;
    }
  }

  private Stream<Generation> generations() {
    return choices.stream().flatMap(choice -> choice.generation().stream());
  }

  /** Pieces saved so far. */
  int segments() {
    return segments;
  }

  /** The first failure of a choice, which is that of the prompt. */
  Optional<Failed> failure() {
    return ends().filter(Failed.class::isInstance).map(Failed.class::cast).findFirst();
  }

  /** Whether all choices have ended. */
  boolean hasEnded() {
    return ends().count() == choices.size();
  }

  private Stream<GenerationEvent> ends() {
    return choices.stream().flatMap(choice -> choice.end().stream());
  }

  /** Gives the choices to the engine; the listener gets what happens to each. */
  void submit(Engine engine, BiConsumer<GeneratingChoice, GenerationEvent> listener) {
    submitted = true;
    for (GeneratingChoice choice : choices) {
      choice.submitted(engine.submit(request(choice), event -> listener.accept(choice, event)));
    }
  }

  private GenerationRequest request(GeneratingChoice choice) {
    return new GenerationRequest(
        prompt.id(),
        prompt.prompt(),
        prompt.chat() ? OptionalLong.of(work.acceptedAt()) : OptionalLong.empty(),
        prompt.maxTokens(),
        sampling(choice.index()),
        stopConditions(),
        prompt.output().topLogprobs(),
        format(),
        prompt.priority(),
        prompt.deadline(),
        choice.resumed());
  }

  private ResponseFormat format() {
    return switch (prompt.output().format()) {
      case Format.Text text -> ResponseFormat.TEXT;
      case Format.JsonObject object -> new ResponseFormat.JsonObject();
      case Format.JsonSchema(String schema) -> new ResponseFormat.JsonSchema(schema);
    };
  }

  private Sampling sampling(int choice) {
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
        choice);
  }

  private StopConditions stopConditions() {
    StopOptions options = prompt.stop();
    return new StopConditions(
        options.texts(), Set.copyOf(options.tokenIds()), options.minTokens(), options.ignoreEos());
  }

  /** Ends it silently: the task no longer generates it. */
  void abandon() {
    generations().forEach(Generation::abandon);
  }

  /** What came of each choice since the last look. */
  List<Piece> takePieces() {
    return choices.stream().map(GeneratingChoice::takePiece).toList();
  }

  /** Counts a piece as saved; returns its number, from 1. */
  int nextSegment() {
    return ++segments;
  }
}
