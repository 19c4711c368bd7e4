package io.millrace.record;

import static io.millrace.record.Fields.invalid;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A conversation in a prompt: {@code messages}, {@code tools} and {@code chat_template_kwargs},
 * with OpenAI's names. What can be checked without the model's chat template is checked here.
 */
final class ChatJson {
  private static final Set<String> MESSAGE_NAMES =
      Set.of("role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content");
  private static final int MAX_ROLE_LENGTH = 64;
  private static final String MESSAGES = "messages";
  private static final List<String> NAMES = List.of(MESSAGES, "tools", "chat_template_kwargs");

  private ChatJson() {}

  /** The conversation as a JSON object of its own; empty when the prompt has none. */
  static Optional<String> read(Fields fields) {
    Optional<List<Fields>> messages = fields.objects(MESSAGES);
    fields.objects("tools");
    fields.object("chat_template_kwargs");
    if (messages.isEmpty()) {
      for (String name : NAMES) {
        if (fields.has(name)) {
          throw invalid(name, "set without messages", "messages beside it");
        }
      }
      return Optional.empty();
    }
    if (messages.get().isEmpty()) {
      throw invalid(MESSAGES, "empty", "at least one message");
    }
    messages.get().forEach(ChatJson::check);
    return Optional.of(fields.part(NAMES));
  }

  /** Writes the members of a conversation into a prompt. */
  static void write(String chat, JsonGenerator json) throws IOException {
    Fields fields = Json.parse(chat);
    for (String name : fields.names()) {
      json.writeFieldName(name);
      json.writeRawValue(fields.json(name));
    }
  }

  private static void check(Fields message) {
    for (String name : message.names()) {
      if (!MESSAGE_NAMES.contains(name)) {
        throw new MalformedRecordException(
            ErrorCode.UNKNOWN_PARAMETER.error(
                "messages: %s is not a field of a message".formatted(Printable.quote(name)),
                MESSAGES));
      }
    }
    String role =
        message
            .text("role")
            .orElseThrow(() ->
                new MalformedRecordException(
                    ErrorCode.MISSING_REQUIRED_PARAMETER.error(
                        "messages: a message has no role", MESSAGES)));
    PromptJson.checkLength(MESSAGES, role, 1, MAX_ROLE_LENGTH);
    message.text("name");
    message.text("tool_call_id");
    message.text("reasoning_content");
    message.objects("tool_calls");
    if (!message.isText("content")) {
      message.objects("content").orElse(List.of()).forEach(ChatJson::checkPart);
    }
  }

  private static void checkPart(Fields part) {
    String type = part.text("type").orElse("none");
    if (!type.equals("text") || part.text("text").isEmpty()) {
      throw invalid(
          MESSAGES, "a message with a part of type " + Printable.quote(type), "parts of type text");
    }
  }
}
