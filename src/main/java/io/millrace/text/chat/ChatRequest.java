package io.millrace.text.chat;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.text.JsonFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A conversation to continue.
 *
 * @param messages each an object with a {@code role}
 * @param tools that the model may call
 * @param addGenerationPrompt whether the text ends where the answer begins
 * @param variables further ones for the template
 */
public record ChatRequest(
    ArrayNode messages,
    Optional<ArrayNode> tools,
    boolean addGenerationPrompt,
    Map<String, JsonNode> variables) {
  public ChatRequest {
    requireNonNull(messages, "messages is null");
    requireNonNull(tools, "tools is null");
    variables = Map.copyOf(variables);
  }

  /**
   * Reads a request: an object with {@code messages}, and optionally {@code tools}, {@code
   * add_generation_prompt} and {@code chat_template_kwargs}.
   *
   * @throws IllegalArgumentException when it is none
   */
  public static ChatRequest parse(String json) {
    return of(JsonFile.parse(json));
  }

  /**
   * Reads a request, as {@link #parse}.
   *
   * @throws IllegalArgumentException when it is none
   */
  public static ChatRequest of(ObjectNode json) {
    ArrayNode messages =
        array(json, "messages")
            .orElseThrow(() -> new IllegalArgumentException("messages is missing"));
    for (JsonNode message : messages) {
      if (!message.path("role").isTextual()) {
        throw new IllegalArgumentException("a message has no role, expected a string");
      }
    }
    Map<String, JsonNode> variables = new LinkedHashMap<>();
    json.path("chat_template_kwargs")
        .properties()
        .forEach(entry -> variables.put(entry.getKey(), entry.getValue()));
    return new ChatRequest(
        messages,
        array(json, "tools"),
        json.path("add_generation_prompt").asBoolean(true),
        variables);
  }

  /**
   * As templates expect it: contents of several text parts are one string, and arguments of tool
   * calls are objects, which OpenAI's API writes as strings of JSON.
   */
  public ChatRequest simplified() {
    ArrayNode simple = messages.deepCopy();
    for (JsonNode message : simple) {
      if (message instanceof ObjectNode object) {
        joinContent(object);
        message.path("tool_calls").forEach(ChatRequest::parseArguments);
      }
    }
    return new ChatRequest(simple, tools, addGenerationPrompt, variables);
  }

  private static void joinContent(ObjectNode message) {
    if (message.path("content") instanceof ArrayNode parts) {
      List<String> texts = new ArrayList<>();
      parts.forEach(part -> texts.add(part.path("text").asText()));
      message.put("content", String.join("\n", texts));
    }
  }

  private static void parseArguments(JsonNode call) {
    if (call.path("function") instanceof ObjectNode function
        && function.path("arguments").isTextual()) {
      try {
        function.set("arguments", JsonFile.parse(function.path("arguments").textValue()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "the arguments of a tool call are no JSON object: " + e.getMessage(), e);
      }
    }
  }

  private static Optional<ArrayNode> array(ObjectNode json, String name) {
    return switch (json.path(name)) {
      case ArrayNode array -> Optional.of(array);
      case JsonNode none when none.isMissingNode() || none.isNull() -> Optional.empty();
      case JsonNode _ -> throw new IllegalArgumentException(name + " is no array");
    };
  }
}
