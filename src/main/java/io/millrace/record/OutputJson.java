package io.millrace.record;

import static io.millrace.record.Fields.invalid;
import static io.millrace.record.Fields.missing;

import com.fasterxml.jackson.core.JsonGenerator;
import io.millrace.record.OutputOptions.Format;
import java.io.IOException;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The fields of a prompt that say what its completion holds. */
final class OutputJson {
  static final Set<String> NAMES = Set.of("n", "logprobs", "top_logprobs", "response_format");

  private static final int MAX_CHOICES = 16;
  private static final int MAX_LOGPROBS = 20;
  private static final Set<String> FORMAT_NAMES = Set.of("type", "json_schema");
  private static final Set<String> SCHEMA_NAMES = Set.of("name", "description", "strict", "schema");

  private OutputJson() {}

  static void read(Fields fields, PromptBuilder prompt) {
    fields.integer("n", 1, MAX_CHOICES).ifPresent(n -> prompt.n((int) n));
    logprobs(fields).ifPresent(prompt::logprobs);
    fields.object("response_format").ifPresent(format -> prompt.format(format(format)));
  }

  static void write(OutputOptions output, JsonGenerator json) throws IOException {
    json.writeNumberField("n", output.n());
    if (output.topLogprobs().isPresent()) {
      json.writeNumberField("logprobs", output.topLogprobs().getAsInt());
    }
    json.writeObjectFieldStart("response_format");
    switch (output.format()) {
      case Format.Text text -> json.writeStringField("type", "text");
      case Format.JsonObject object -> json.writeStringField("type", "json_object");
      case Format.JsonSchema(String schema) -> {
        json.writeStringField("type", "json_schema");
        json.writeObjectFieldStart("json_schema");
        json.writeFieldName("schema");
        json.writeRawValue(schema);
        json.writeEndObject();
      }
    }
    json.writeEndObject();
  }

  /** A number as in OpenAI's completions; or true, and another number, as in its chats. */
  private static OptionalInt logprobs(Fields fields) {
    OptionalLong top = fields.integer("top_logprobs", 0, MAX_LOGPROBS);
    boolean isFlag = fields.isFlag("logprobs");
    if (top.isPresent() && !(isFlag && fields.flag("logprobs").orElse(false))) {
      throw invalid("top_logprobs", "set", "logprobs to be true beside it");
    }
    if (isFlag) {
      boolean wanted = fields.flag("logprobs").orElse(false);
      return wanted ? OptionalInt.of((int) top.orElse(0)) : OptionalInt.empty();
    }
    OptionalLong number = fields.integer("logprobs", 0, MAX_LOGPROBS);
    return number.isPresent() ? OptionalInt.of((int) number.getAsLong()) : OptionalInt.empty();
  }

  private static Format format(Fields format) {
    checkNames(format, FORMAT_NAMES);
    String type = format.text("type").orElseThrow(() -> missing("response_format.type"));
    if (format.has("json_schema") != type.equals("json_schema")) {
      throw format.has("json_schema")
          ? invalid("response_format", "type " + Printable.quote(type), "type \"json_schema\"")
          : missing("response_format.json_schema");
    }
    return switch (type) {
      case "text" -> new Format.Text();
      case "json_object" -> new Format.JsonObject();
      case "json_schema" -> {
        Fields wrapper = format.requiredObject("json_schema");
        checkNames(wrapper, SCHEMA_NAMES);
        wrapper.text("name");
        wrapper.text("description");
        wrapper.flag("strict");
        yield new Format.JsonSchema(
            wrapper
                .object("schema")
                .orElseThrow(() -> missing("response_format.json_schema.schema"))
                .json());
      }
      default ->
          throw invalid(
              "response_format",
              "type " + Printable.quote(type),
              "type text, json_object or json_schema");
    };
  }

  private static void checkNames(Fields fields, Set<String> known) {
    for (String name : fields.names()) {
      if (!known.contains(name)) {
        throw new MalformedRecordException(
            ErrorCode.UNKNOWN_PARAMETER.error(
                "%s is not a field of response_format".formatted(Printable.quote(name)),
                "response_format"));
      }
    }
  }
}
