package io.millrace.record;

import com.fasterxml.jackson.core.JsonGenerator;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.Completion.Timings;
import io.millrace.record.Completion.Usage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A completion as JSON, in the shape of OpenAI's {@code text_completion} objects. */
final class CompletionJson {
  private CompletionJson() {}

  static Completion read(Fields fields) {
    List<Choice> choices =
        fields.objects("choices").orElse(List.of()).stream().map(CompletionJson::choice).toList();
    Optional<ErrorBody> error = fields.object("error").map(CompletionJson::error);
    if (choices.isEmpty() == error.isEmpty()) {
      throw Fields.missing(choices.isEmpty() ? "choices or error" : "one end (choices, or error)");
    }
    return new Completion(
        fields.requiredText("id"),
        fields.requiredLong("created"),
        fields.text("model"),
        fields.text("system_fingerprint"),
        choices,
        fields.object("usage").map(CompletionJson::usage),
        fields.text("worker"),
        fields.object("timings").map(CompletionJson::timings),
        error,
        fields.textByName("metadata").orElse(Map.of()));
  }

  static void write(Completion completion, JsonGenerator json) throws IOException {
    json.writeStringField("id", completion.id());
    boolean chat = completion.choices().stream().anyMatch(Choice::chat);
    json.writeStringField("object", chat ? "chat.completion" : "text_completion");
    json.writeNumberField("created", completion.created());
    json.writeStringField("model", completion.model().orElse(null));
    json.writeStringField("system_fingerprint", completion.systemFingerprint().orElse(null));
    json.writeArrayFieldStart("choices");
    for (Choice choice : completion.choices()) {
      write(choice, json);
    }
    json.writeEndArray();
    if (completion.usage().isPresent()) {
      write(completion.usage().get(), json);
    }
    if (completion.worker().isPresent()) {
      json.writeStringField("worker", completion.worker().get());
    }
    if (completion.timings().isPresent()) {
      write(completion.timings().get(), json);
    }
    if (completion.error().isPresent()) {
      write(completion.error().get(), json);
    }
    PromptJson.writeMetadata(completion.metadata(), json);
  }

  private static void write(Choice choice, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", choice.index());
    if (choice.chat()) {
      json.writeObjectFieldStart("message");
      json.writeStringField("role", "assistant");
      json.writeStringField("content", choice.text());
      json.writeEndObject();
    } else {
      json.writeStringField("text", choice.text());
    }
    if (choice.logprobs().isPresent()) {
      choice.logprobs().get().write(json);
    } else {
      json.writeNullField("logprobs");
    }
    json.writeStringField("finish_reason", choice.finishReason());
    json.writeEndObject();
  }

  private static void write(Usage usage, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", usage.promptTokens());
    json.writeNumberField("completion_tokens", usage.completionTokens());
    json.writeNumberField("total_tokens", usage.totalTokens());
    json.writeObjectFieldStart("prompt_tokens_details");
    json.writeNumberField("cached_tokens", usage.cachedTokens());
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void write(Timings timings, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("timings");
    json.writeNumberField("queued_ms", timings.queuedMillis());
    json.writeNumberField("prefill_ms", timings.prefillMillis());
    json.writeNumberField("decode_ms", timings.decodeMillis());
    json.writeNumberField("prompt_tps", timings.promptTokensPerSecond());
    json.writeNumberField("generation_tps", timings.generationTokensPerSecond());
    json.writeEndObject();
  }

  private static void write(ErrorBody error, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("error");
    json.writeStringField("message", error.message());
    json.writeStringField("type", error.type());
    json.writeStringField("param", error.param().orElse(null));
    json.writeStringField("code", error.code());
    json.writeEndObject();
  }

  private static Choice choice(Fields fields) {
    return new Choice(
        fields.requiredInt("index", 0, Integer.MAX_VALUE),
        fields.has("message")
            ? fields.requiredObject("message").requiredText("content")
            : fields.requiredText("text"),
        fields.object("logprobs").map(Logprobs::read),
        fields.requiredText("finish_reason"),
        fields.has("message"));
  }

  private static Usage usage(Fields fields) {
    int cachedTokens =
        fields
            .object("prompt_tokens_details")
            .map(details -> details.requiredInt("cached_tokens", 0, Integer.MAX_VALUE))
            .orElse(0);
    return new Usage(
        fields.requiredInt("prompt_tokens", 0, Integer.MAX_VALUE),
        fields.requiredInt("completion_tokens", 0, Integer.MAX_VALUE),
        cachedTokens);
  }

  private static Timings timings(Fields fields) {
    return new Timings(
        fields.requiredNumber("queued_ms"),
        fields.requiredNumber("prefill_ms"),
        fields.requiredNumber("decode_ms"),
        fields.requiredNumber("prompt_tps"),
        fields.requiredNumber("generation_tps"));
  }

  private static ErrorBody error(Fields fields) {
    return new ErrorBody(
        fields.requiredText("message"),
        fields.requiredText("type"),
        fields.text("param"),
        fields.requiredText("code"));
  }
}
