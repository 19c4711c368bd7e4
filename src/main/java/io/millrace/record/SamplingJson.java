package io.millrace.record;

import static io.millrace.record.Fields.invalid;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/**
 * The fields of a prompt that say how tokens are chosen and what ends the completion; ranges are
 * those of OpenAI and vLLM.
 */
final class SamplingJson {
  static final Set<String> NAMES =
      Set.of(
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "repetition_penalty",
          "presence_penalty",
          "frequency_penalty",
          "logit_bias",
          "stop",
          "stop_token_ids",
          "min_tokens",
          "ignore_eos");

  private static final int MAX_STOPS = 16;
  private static final int MAX_STOP_LENGTH = 256;
  private static final int MAX_STOP_TOKENS = 256;
  private static final int MAX_BIASES = 1024;

  private SamplingJson() {}

  static void read(Fields fields, PromptBuilder prompt) {
    fields.number("temperature", 0, 2).ifPresent(prompt::temperature);
    topP(fields).ifPresent(prompt::topP);
    // vLLM's -1 keeps all tokens, as 0 does.
    fields
        .integer("top_k", -1, Integer.MAX_VALUE)
        .ifPresent(n -> prompt.topK((int) Math.max(n, 0)));
    fields.number("min_p", 0, 1).ifPresent(prompt::minP);
    // Any positive number in vLLM; beyond these, logits may overflow.
    fields.number("repetition_penalty", 0.01, 100).ifPresent(prompt::repetitionPenalty);
    fields.number("presence_penalty", -2, 2).ifPresent(prompt::presencePenalty);
    fields.number("frequency_penalty", -2, 2).ifPresent(prompt::frequencyPenalty);
    logitBias(fields).ifPresent(prompt::logitBias);
    prompt.stop(stop(fields));
    prompt.stopTokenIds(stopTokenIds(fields));
    fields.integer("min_tokens", 0, Integer.MAX_VALUE).ifPresent(n -> prompt.minTokens((int) n));
    fields.flag("ignore_eos").ifPresent(prompt::ignoreEos);
  }

  static void write(SamplingOptions sampling, JsonGenerator json) throws IOException {
    json.writeNumberField("temperature", sampling.temperature());
    json.writeNumberField("top_p", sampling.topP());
    json.writeNumberField("top_k", sampling.topK());
    json.writeNumberField("min_p", sampling.minP());
    json.writeNumberField("repetition_penalty", sampling.repetitionPenalty());
    json.writeNumberField("presence_penalty", sampling.presencePenalty());
    json.writeNumberField("frequency_penalty", sampling.frequencyPenalty());
    json.writeObjectFieldStart("logit_bias");
    for (Map.Entry<Integer, Double> bias : new TreeMap<>(sampling.logitBias()).entrySet()) {
      json.writeNumberField(Integer.toString(bias.getKey()), bias.getValue());
    }
    json.writeEndObject();
  }

  static void write(StopOptions stop, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("stop");
    for (String text : stop.texts()) {
      json.writeString(text);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("stop_token_ids");
    for (int token : stop.tokenIds()) {
      json.writeNumber(token);
    }
    json.writeEndArray();
    json.writeNumberField("min_tokens", stop.minTokens());
    json.writeBooleanField("ignore_eos", stop.ignoreEos());
  }

  private static OptionalDouble topP(Fields fields) {
    OptionalDouble topP = fields.number("top_p", 0, 1);
    if (topP.isPresent() && topP.getAsDouble() == 0) {
      throw invalid("top_p", "0", "a number above 0, up to 1");
    }
    return topP;
  }

  private static Optional<Map<Integer, Double>> logitBias(Fields fields) {
    var biases = fields.numberByToken("logit_bias", -100, 100);
    biases.ifPresent(all -> checkSize("logit_bias", all.size(), "tokens", MAX_BIASES));
    return biases;
  }

  private static List<String> stop(Fields fields) {
    List<String> stop = fields.texts("stop").orElse(List.of());
    checkSize("stop", stop.size(), "texts", MAX_STOPS);
    stop.forEach(text -> PromptJson.checkLength("stop", text, 1, MAX_STOP_LENGTH));
    return stop;
  }

  private static List<Integer> stopTokenIds(Fields fields) {
    List<Integer> tokens =
        fields.integers("stop_token_ids", 0, Integer.MAX_VALUE).orElse(List.of());
    checkSize("stop_token_ids", tokens.size(), "tokens", MAX_STOP_TOKENS);
    return tokens;
  }

  private static void checkSize(String name, int size, String what, int most) {
    if (size > most) {
      throw invalid(name, "%d %s long".formatted(size, what), "at most %d".formatted(most));
    }
  }
}
