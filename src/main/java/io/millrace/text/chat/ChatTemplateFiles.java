package io.millrace.text.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.text.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chat templates in a Hugging Face model folder: {@code chat_template.jinja}, else those in
 * {@code chat_template.json} or {@code tokenizer_config.json}.
 */
public final class ChatTemplateFiles {
  private static final int MAX_TEMPLATE_BYTES = 4 << 20;
  private static final int MAX_CONFIG_BYTES = 16 << 20;
  private static final List<String> SPECIAL_TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private ChatTemplateFiles() {}

  /**
   * The templates of a model folder.
   *
   * @throws IllegalArgumentException naming the file that cannot be read
   */
  public static Optional<ChatTemplate> find(Path folder) {
    ObjectNode config = json(folder, "tokenizer_config.json");
    Map<String, String> sources = new HashMap<>(sources(config));
    sources.putAll(sources(json(folder, "chat_template.json")));
    Path alone = folder.resolve("chat_template.jinja");
    if (Files.exists(alone)) {
      sources.put("default", text(alone));
    }
    return sources.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new ChatTemplate(
                sources, specialTokens(json(folder, "special_tokens_map.json"), config)));
  }

  /**
   * A template in a file of its own.
   *
   * @throws IllegalArgumentException when it cannot be read
   */
  public static ChatTemplate read(Path file) {
    return ChatTemplate.of(text(file), Map.of());
  }

  /** One template, or several with names. */
  private static Map<String, String> sources(ObjectNode config) {
    JsonNode template = config.path("chat_template");
    if (template.isTextual()) {
      return Map.of("default", template.textValue());
    }
    Map<String, String> sources = new HashMap<>();
    for (JsonNode named : template) {
      if (named.path("name").isTextual() && named.path("template").isTextual()) {
        sources.put(named.path("name").textValue(), named.path("template").textValue());
      }
    }
    return sources;
  }

  private static Map<String, String> specialTokens(ObjectNode map, ObjectNode config) {
    Map<String, String> tokens = new HashMap<>();
    for (ObjectNode file : List.of(map, config)) {
      for (String name : SPECIAL_TOKENS) {
        JsonNode token = file.path(name);
        JsonNode spelling = token.isObject() ? token.path("content") : token;
        if (spelling.isTextual()) {
          tokens.put(name, spelling.textValue());
        }
      }
    }
    return tokens;
  }

  private static String text(Path file) {
    try {
      return JsonFile.text(file, MAX_TEMPLATE_BYTES);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("%s %s".formatted(file, e.getMessage()), e);
    }
  }

  private static ObjectNode json(Path folder, String name) {
    try {
      return JsonFile.readIfThere(folder.resolve(name), MAX_CONFIG_BYTES);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("%s %s".formatted(name, e.getMessage()), e);
    }
  }
}
