package io.millrace.topology;

import io.millrace.engine.EngineInfo;
import io.millrace.engine.GenerationError;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Timings;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.ErrorCode;
import io.millrace.record.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Turns what the engine says at the end of a prompt into its completion. */
final class Completions {
  private final String worker;
  private final String systemFingerprint;

  /**
   * @param worker {@code worker.id}
   */
  Completions(String worker, EngineInfo engine) {
    this.worker = worker;
    systemFingerprint = engine.build() + "-" + engine.fingerprint();
  }

  /**
   * @param prompt all of its choices are finished, and nothing of them is left to take
   * @param now epoch milliseconds
   */
  Completion finished(GeneratingPrompt prompt, long now) {
    List<Finished> ends = new ArrayList<>();
    List<Choice> choices = new ArrayList<>();
    for (GeneratingChoice choice : prompt.choices()) {
      Finished finished = (Finished) choice.end().orElseThrow();
      ends.add(finished);
      choices.add(
          new Choice(
              choice.index(),
              finished.text(),
              choice.allLogprobs(),
              reason(finished),
              prompt.prompt().chat()));
    }
    return completion(
        prompt.prompt(),
        now,
        choices,
        Optional.of(sum(ends)),
        Optional.of(timings(together(ends))),
        Optional.empty());
  }

  /**
   * The prompt counts once, as in OpenAI's API. Of its choices the first finds in the cache what
   * earlier prompts have left, the others find the first.
   */
  private static Completion.Usage sum(List<Finished> ends) {
    return new Completion.Usage(
        ends.getFirst().usage().promptTokens(),
        ends.stream().mapToInt(end -> end.usage().completionTokens()).sum(),
        ends.stream().mapToInt(end -> end.usage().cachedTokens()).min().orElse(0));
  }

  /** The times of the slowest choice, in which all tokens were computed. */
  private static Timings together(List<Finished> ends) {
    List<Timings> all = ends.stream().map(Finished::timings).toList();
    return new Timings(
        all.stream().mapToDouble(Timings::queuedMillis).min().orElse(0),
        all.stream().mapToDouble(Timings::prefillMillis).max().orElse(0),
        all.stream().mapToDouble(Timings::decodeMillis).max().orElse(0),
        all.stream().mapToInt(Timings::promptTokens).sum(),
        all.stream().mapToInt(Timings::decodedTokens).sum());
  }

  /**
   * @param now epoch milliseconds
   */
  Completion failed(Prompt prompt, Failed failed, long now) {
    return completion(
        prompt,
        now,
        List.of(),
        Optional.of(usage(failed.usage())),
        Optional.of(timings(failed.timings())),
        Optional.of(error(failed.error())));
  }

  /**
   * The end of a prompt for a reason of the worker's, not of the engine's.
   *
   * @param now epoch milliseconds
   */
  Completion failed(Prompt prompt, ErrorBody error, long now) {
    return completion(
        prompt, now, List.of(), Optional.empty(), Optional.empty(), Optional.of(error));
  }

  /** OpenAI's name of the reason. */
  static String reason(Finished finished) {
    return finished.reason().name().toLowerCase(Locale.ROOT);
  }

  private Completion completion(
      Prompt prompt,
      long now,
      List<Choice> choices,
      Optional<Completion.Usage> usage,
      Optional<Completion.Timings> timings,
      Optional<ErrorBody> error) {
    return new Completion(
        prompt.id(),
        Math.floorDiv(now, 1_000L),
        prompt.model(),
        Optional.of(systemFingerprint),
        choices,
        usage,
        Optional.of(worker),
        timings,
        error,
        prompt.metadata());
  }

  private static ErrorBody error(GenerationError error) {
    ErrorCode code =
        switch (error.kind()) {
          case INVALID_REQUEST -> ErrorCode.INVALID_VALUE;
          case CONTEXT_LENGTH_EXCEEDED -> ErrorCode.CONTEXT_LENGTH_EXCEEDED;
          case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
          case CANCELLED -> ErrorCode.CANCELLED;
          case MODEL_NOT_FOUND -> ErrorCode.MODEL_NOT_FOUND;
          case ENGINE_ERROR -> ErrorCode.ENGINE_ERROR;
        };
    return error.param().isEmpty()
        ? code.error(error.message())
        : code.error(error.message(), error.param());
  }

  private static Completion.Usage usage(Usage usage) {
    return new Completion.Usage(
        usage.promptTokens(), usage.completionTokens(), usage.cachedTokens());
  }

  private static Completion.Timings timings(Timings timings) {
    return new Completion.Timings(
        timings.queuedMillis(),
        timings.prefillMillis(),
        timings.decodeMillis(),
        perSecond(timings.promptTokens(), timings.prefillMillis()),
        // The first token belongs to prefill.
        perSecond(timings.decodedTokens() - 1, timings.decodeMillis()));
  }

  private static double perSecond(int tokens, double millis) {
    return tokens > 0 && millis > 0 ? tokens * 1_000 / millis : 0;
  }
}
