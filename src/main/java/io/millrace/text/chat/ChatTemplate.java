package io.millrace.text.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.millrace.text.MarkedText;
import io.millrace.text.jinja.Template;
import io.millrace.text.jinja.TemplateException;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Turns conversations into prompts, with the template that came with a model. Templates are read
 * when they are first used: one that is not valid fails the prompts that need it. Thread-safe.
 */
public final class ChatTemplate {
  private static final String DEFAULT = "default";
  private static final String WITH_TOOLS = "tool_use";

  private final Map<String, String> sources;
  private final Map<String, String> specialTokens;
  private final Map<String, Template> parsed = new ConcurrentHashMap<>();

  /**
   * A model's templates.
   *
   * @param sources by name; {@code default}, and {@code tool_use} for requests with tools
   * @param specialTokens spellings by their names, such as {@code bos_token}
   */
  public ChatTemplate(Map<String, String> sources, Map<String, String> specialTokens) {
    this.sources = Map.copyOf(sources);
    this.specialTokens = Map.copyOf(specialTokens);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("there is no template");
    }
  }

  /** A model's one template. */
  public static ChatTemplate of(String source, Map<String, String> specialTokens) {
    return new ChatTemplate(Map.of(DEFAULT, source), specialTokens);
  }

  /** The same templates with some special tokens spelled differently. */
  public ChatTemplate withSpecialTokens(Map<String, String> others) {
    Map<String, String> all = new HashMap<>(specialTokens);
    all.putAll(others);
    return new ChatTemplate(sources, all);
  }

  /**
   * The text of a conversation; its contents are marked.
   *
   * @param now the date that templates tell models
   * @throws IllegalArgumentException when the template cannot render it, or refuses to; the message
   *     says why
   */
  public MarkedText render(ChatRequest request, LocalDateTime now) {
    String name =
        request.tools().isPresent() && sources.containsKey(WITH_TOOLS) ? WITH_TOOLS : DEFAULT;
    String source = sources.get(name);
    if (source == null) {
      throw new IllegalArgumentException(
          "the model has chat templates named %s, but none named %s"
              .formatted(sources.keySet().stream().sorted().toList(), name));
    }
    // As Hugging Face passes them: what a request does not set is none, not undefined.
    Map<String, JsonNode> variables = new HashMap<>();
    variables.put("documents", NullNode.instance);
    variables.putAll(request.variables());
    variables.put("messages", request.messages());
    variables.put("tools", request.tools().<JsonNode>map(tools -> tools).orElse(NullNode.instance));
    variables.put("add_generation_prompt", BooleanNode.valueOf(request.addGenerationPrompt()));
    try {
      return parsed
          .computeIfAbsent(name, _ -> Template.parse(source))
          .render(variables, specialTokens, now);
    } catch (TemplateException e) {
      throw new IllegalArgumentException("the chat template: " + e.getMessage(), e);
    }
  }
}
