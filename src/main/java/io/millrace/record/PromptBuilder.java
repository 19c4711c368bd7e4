package io.millrace.record;

import static java.util.Objects.requireNonNull;

import io.millrace.record.OutputOptions.Format;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Makes a {@link Prompt}: what is not set keeps its default. Ranges are the router's to check. */
public final class PromptBuilder {
  private final String id;
  private final String prompt;
  private final boolean chat;
  private Optional<String> model = Optional.empty();
  private int maxTokens = Prompt.DEFAULT_MAX_TOKENS;
  private double temperature = SamplingOptions.DEFAULT_TEMPERATURE;
  private double topP = 1;
  private int topK;
  private double minP;
  private double repetitionPenalty = 1;
  private double presencePenalty;
  private double frequencyPenalty;
  private Map<Integer, Double> logitBias = Map.of();
  private OptionalLong seed = OptionalLong.empty();
  private List<String> stop = List.of();
  private List<Integer> stopTokenIds = List.of();
  private int minTokens;
  private boolean ignoreEos;
  private int n = 1;
  private OptionalInt logprobs = OptionalInt.empty();
  private Format format = new Format.Text();
  private boolean stream = true;
  private int priority;
  private OptionalLong deadline = OptionalLong.empty();
  private Map<String, String> metadata = Map.of();

  PromptBuilder(String id, String prompt, boolean chat) {
    this.chat = chat;
    this.id = requireNonNull(id, "id is null");
    this.prompt = requireNonNull(prompt, "prompt is null");
  }

  public PromptBuilder model(String name) {
    model = Optional.of(name);
    return this;
  }

  public PromptBuilder maxTokens(int tokens) {
    maxTokens = tokens;
    return this;
  }

  public PromptBuilder temperature(double value) {
    temperature = value;
    return this;
  }

  public PromptBuilder topP(double share) {
    topP = share;
    return this;
  }

  public PromptBuilder topK(int tokens) {
    topK = tokens;
    return this;
  }

  public PromptBuilder minP(double share) {
    minP = share;
    return this;
  }

  public PromptBuilder repetitionPenalty(double factor) {
    repetitionPenalty = factor;
    return this;
  }

  public PromptBuilder presencePenalty(double value) {
    presencePenalty = value;
    return this;
  }

  public PromptBuilder frequencyPenalty(double value) {
    frequencyPenalty = value;
    return this;
  }

  /** By token id. */
  public PromptBuilder logitBias(Map<Integer, Double> biases) {
    logitBias = Map.copyOf(biases);
    return this;
  }

  public PromptBuilder seed(long value) {
    seed = OptionalLong.of(value);
    return this;
  }

  public PromptBuilder stop(List<String> texts) {
    stop = List.copyOf(texts);
    return this;
  }

  public PromptBuilder stopTokenIds(List<Integer> tokens) {
    stopTokenIds = List.copyOf(tokens);
    return this;
  }

  /** Tokens that come before anything may end the completion; the default is 0. */
  public PromptBuilder minTokens(int tokens) {
    minTokens = tokens;
    return this;
  }

  /** Whether the model's end tokens are ordinary ones; the default is false. */
  public PromptBuilder ignoreEos(boolean ignored) {
    ignoreEos = ignored;
    return this;
  }

  /** Number of choices; the default is 1. */
  public PromptBuilder n(int choices) {
    n = choices;
    return this;
  }

  /** Tells the log-probability of each token, and of so many of the likeliest. */
  public PromptBuilder logprobs(int top) {
    logprobs = OptionalInt.of(top);
    return this;
  }

  /** What the text may be; the default is any. */
  public PromptBuilder format(Format value) {
    format = value;
    return this;
  }

  /** Whether chunks are written; the default is true. */
  public PromptBuilder stream(boolean chunks) {
    stream = chunks;
    return this;
  }

  /** Lower first; the default is 0. */
  public PromptBuilder priority(int value) {
    priority = value;
    return this;
  }

  /** Epoch milliseconds. */
  public PromptBuilder deadline(long epochMillis) {
    deadline = OptionalLong.of(epochMillis);
    return this;
  }

  public PromptBuilder metadata(Map<String, String> entries) {
    metadata = Map.copyOf(entries);
    return this;
  }

  public Prompt build() {
    return new Prompt(
        id,
        model,
        prompt,
        chat,
        maxTokens,
        new SamplingOptions(
            temperature,
            topP,
            topK,
            minP,
            repetitionPenalty,
            presencePenalty,
            frequencyPenalty,
            logitBias),
        seed,
        new StopOptions(stop, stopTokenIds, minTokens, ignoreEos),
        new OutputOptions(n, logprobs, format),
        stream,
        priority,
        deadline,
        metadata);
  }
}
