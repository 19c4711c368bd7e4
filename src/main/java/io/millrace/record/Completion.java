package io.millrace.record;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The one end of a prompt, on {@code completions}, in OpenAI's shape: choices, or an error.
 *
 * @param id the prompt's
 * @param created epoch seconds
 * @param model empty when it is not known
 * @param systemFingerprint build and backend of the worker, and its weights
 * @param choices empty when there is an error
 * @param usage absent when no worker saw the prompt
 * @param worker {@code worker.id}; absent when no worker saw the prompt
 * @param timings absent when no worker saw the prompt
 * @param metadata the prompt's
 */
public record Completion(
    String id,
    long created,
    Optional<String> model,
    Optional<String> systemFingerprint,
    List<Choice> choices,
    Optional<Usage> usage,
    Optional<String> worker,
    Optional<Timings> timings,
    Optional<ErrorBody> error,
    Map<String, String> metadata) {

  public Completion {
    requireNonNull(id, "id is null");
    requireNonNull(model, "model is null");
    requireNonNull(systemFingerprint, "systemFingerprint is null");
    requireNonNull(usage, "usage is null");
    requireNonNull(worker, "worker is null");
    requireNonNull(timings, "timings is null");
    requireNonNull(error, "error is null");
    choices = List.copyOf(choices);
    metadata = Map.copyOf(metadata);
    if (choices.isEmpty() == error.isEmpty()) {
      throw new IllegalArgumentException(
          "completion %s needs either choices or an error".formatted(id));
    }
  }

  /**
   * The end of a prompt that no worker saw.
   *
   * @param created epoch seconds
   */
  public static Completion refused(
      String id,
      long created,
      Optional<String> model,
      ErrorBody error,
      Map<String, String> metadata) {
    return new Completion(
        id,
        created,
        model,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(error),
        metadata);
  }

  /**
   * Reads a record's value.
   *
   * @throws MalformedRecordException when it holds no completion
   */
  public static Completion fromJson(byte[] value) {
    return CompletionJson.read(Json.read(value));
  }

  /** The record's value. */
  public byte[] toJson() {
    return Json.write(json -> CompletionJson.write(this, json));
  }

  /**
   * One generated text.
   *
   * @param logprobs of its tokens, if the prompt asks for them
   * @param finishReason {@code stop} or {@code length}
   * @param chat whether it answers a conversation, and is written as a message
   */
  public record Choice(
      int index, String text, Optional<Logprobs> logprobs, String finishReason, boolean chat) {
    public Choice {
      requireNonNull(logprobs, "logprobs is null");
      requireNonNull(text, "text is null");
      requireNonNull(finishReason, "finishReason is null");
    }

    /** The continuation of a text, without log-probabilities. */
    public Choice(int index, String text, String finishReason) {
      this(index, text, Optional.empty(), finishReason, false);
    }
  }

  /** Tokens, as OpenAI counts them. */
  public record Usage(int promptTokens, int completionTokens, int cachedTokens) {
    public int totalTokens() {
      return promptTokens + completionTokens;
    }
  }

  /** Milliseconds that the last attempt spent, and its rates in tokens per second; all finite. */
  public record Timings(
      double queuedMillis,
      double prefillMillis,
      double decodeMillis,
      double promptTokensPerSecond,
      double generationTokensPerSecond) {
    public Timings {
      Finite.check("queuedMillis", queuedMillis);
      Finite.check("prefillMillis", prefillMillis);
      Finite.check("decodeMillis", decodeMillis);
      Finite.check("promptTokensPerSecond", promptTokensPerSecond);
      Finite.check("generationTokensPerSecond", generationTokensPerSecond);
    }
  }

  /**
   * What went wrong. {@link ErrorCode} makes them.
   *
   * @param type OpenAI's class of error, such as {@code invalid_request_error}
   * @param param the prompt's field at fault
   * @param code the exact error, such as {@code context_length_exceeded}
   */
  public record ErrorBody(String message, String type, Optional<String> param, String code) {
    public ErrorBody {
      requireNonNull(message, "message is null");
      requireNonNull(type, "type is null");
      requireNonNull(param, "param is null");
      requireNonNull(code, "code is null");
    }
  }
}
