package io.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.text.JsonFile;
import io.millrace.text.chat.ChatRequest;
import io.millrace.text.chat.ChatTemplate;
import io.millrace.text.chat.ChatTemplateFiles;
import io.millrace.weights.Checkpoint;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code millrace render}: the prompt that a conversation becomes. */
@Command(
    name = "render",
    description = "Prints the prompt text of a chat request, exactly.",
    footer = {
      "",
      "Examples:",
      "  millrace render --model llama-3.2-1b --request chat.json",
      "  millrace render --template chat_template.jinja --request chat.json"
    })
final class RenderCommand implements Callable<Integer> {
  private static final int MAX_REQUEST_BYTES = 64 << 20;

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Option(
      names = "--request",
      required = true,
      paramLabel = "R.json",
      description =
          "A JSON object with messages, and optionally tools, add_generation_prompt,"
              + " chat_template_kwargs, bos_token, eos_token and now (such as 2026-01-02).")
  private Path request;

  private static final class Source {
    @ArgGroup(exclusive = false)
    private ModelOption model;

    @Option(
        names = "--template",
        paramLabel = "F.jinja",
        description = "A file that holds a template.")
    private Path template;
  }

  @Override
  public Integer call() {
    ObjectNode json = readRequest();
    Map<String, String> specialTokens = new HashMap<>();
    for (String name : List.of("bos_token", "eos_token")) {
      if (json.path(name).isTextual()) {
        specialTokens.put(name, json.path(name).textValue());
      }
    }
    ChatTemplate template = template().withSpecialTokens(specialTokens);
    PrintWriter out = spec.commandLine().getOut();
    out.print(template.render(ChatRequest.of(json), now(json)).text());
    out.flush();
    return 0;
  }

  private ObjectNode readRequest() {
    try {
      return JsonFile.read(request, MAX_REQUEST_BYTES);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(request + " " + e.getMessage(), e);
    }
  }

  private ChatTemplate template() {
    if (source.template != null) {
      return ChatTemplateFiles.read(source.template);
    }
    Path model = source.model.path();
    if (Files.isDirectory(model)) {
      return ChatTemplateFiles.find(model).orElseThrow(() -> none(model));
    }
    try (Checkpoint checkpoint = source.model.open()) {
      return checkpoint.chatTemplate().orElseThrow(() -> none(model));
    }
  }

  private static IllegalArgumentException none(Path model) {
    return new IllegalArgumentException(model + " has no chat template; give one with --template");
  }

  private static LocalDateTime now(ObjectNode json) {
    if (!json.path("now").isTextual()) {
      return LocalDateTime.now(ZoneOffset.systemDefault());
    }
    String now = json.path("now").textValue();
    try {
      return now.length() == 10 ? LocalDate.parse(now).atStartOfDay() : LocalDateTime.parse(now);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "now is %s, expected a date such as 2026-01-02 or 2026-01-02T03:04:05".formatted(now), e);
    }
  }
}
