package io.millrace.record;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * How likely tokens were, in the shape of OpenAI's completions: a list for each property, an
 * element for each token. Natural logarithms.
 *
 * @param tokens text of each; {@code bytes:\xe2\x82} where it is no whole character
 * @param topLogprobs of the likeliest tokens, likeliest first, and of the token itself
 * @param textOffset characters (code points) of the choice's text before each token
 */
public record Logprobs(
    List<String> tokens,
    List<Double> tokenLogprobs,
    List<Map<String, Double>> topLogprobs,
    List<Integer> textOffset) {
  public Logprobs {
    tokens = List.copyOf(tokens);
    tokenLogprobs = List.copyOf(tokenLogprobs);
    topLogprobs = List.copyOf(topLogprobs);
    textOffset = List.copyOf(textOffset);
  }

  /** Those of consecutive tokens. */
  public static Logprobs join(List<Logprobs> parts) {
    return new Logprobs(
        joined(parts, Logprobs::tokens),
        joined(parts, Logprobs::tokenLogprobs),
        joined(parts, Logprobs::topLogprobs),
        joined(parts, Logprobs::textOffset));
  }

  private static <T> List<T> joined(List<Logprobs> parts, Function<Logprobs, List<T>> list) {
    return parts.stream().map(list).flatMap(List::stream).toList();
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @throws MalformedRecordException when it is anything else
   */
  public static Logprobs fromJson(byte[] json) {
    return read(Json.read(json));
  }

  public byte[] toJson() {
    return Json.write(this::writeMembers);
  }

  static Logprobs read(Fields fields) {
    return new Logprobs(
        fields.texts("tokens").orElse(List.of()),
        fields.numbers("token_logprobs").orElse(List.of()),
        fields.objects("top_logprobs").orElse(List.of()).stream().map(Logprobs::byText).toList(),
        fields.integers("text_offset", 0, Integer.MAX_VALUE).orElse(List.of()));
  }

  private static Map<String, Double> byText(Fields fields) {
    Map<String, Double> entries = new LinkedHashMap<>();
    fields.names().forEach(name -> entries.put(name, fields.requiredNumber(name)));
    return entries;
  }

  void write(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("logprobs");
    writeMembers(json);
    json.writeEndObject();
  }

  private void writeMembers(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("tokens");
    for (String token : tokens) {
      json.writeString(token);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("token_logprobs");
    for (double logprob : tokenLogprobs) {
      json.writeNumber(logprob);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("top_logprobs");
    for (Map<String, Double> top : topLogprobs) {
      json.writeStartObject();
      for (Map.Entry<String, Double> entry : top.entrySet()) {
        json.writeNumberField(entry.getKey(), entry.getValue());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("text_offset");
    for (int offset : textOffset) {
      json.writeNumber(offset);
    }
    json.writeEndArray();
  }
}
