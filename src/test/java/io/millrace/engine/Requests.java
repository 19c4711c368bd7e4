package io.millrace.engine;

import io.millrace.engine.GenerationRequest.Progress;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Requests that differ from others in one thing. */
final class Requests {
  private Requests() {}

  /** The same request, of which an earlier attempt has done a part. */
  static GenerationRequest resumed(GenerationRequest request, Progress progress) {
    return new GenerationRequest(
        request.id(),
        request.prompt(),
        request.chatTime(),
        request.maxTokens(),
        request.sampling(),
        request.stop(),
        request.topLogprobs(),
        request.format(),
        request.priority(),
        request.deadline(),
        progress);
  }

  /** The prompt {@code once}, first in order. */
  static GenerationRequest of(
      int maxTokens, Sampling sampling, StopConditions stop, ResponseFormat format) {
    return of(maxTokens, sampling, stop, OptionalInt.empty(), format);
  }

  /** The prompt {@code once}, with the log-probabilities of so many tokens. */
  static GenerationRequest withLogprobs(
      int maxTokens, Sampling sampling, StopConditions stop, int topLogprobs) {
    return of(maxTokens, sampling, stop, OptionalInt.of(topLogprobs), ResponseFormat.TEXT);
  }

  private static GenerationRequest of(
      int maxTokens,
      Sampling sampling,
      StopConditions stop,
      OptionalInt topLogprobs,
      ResponseFormat format) {
    return new GenerationRequest(
        "id",
        "once",
        OptionalLong.empty(),
        maxTokens,
        sampling,
        stop,
        topLogprobs,
        format,
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }
}
