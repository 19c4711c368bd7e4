package io.millrace.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent.Usage;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.Sampling;
import io.millrace.engine.StopConditions;
import io.millrace.worker.LocalModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Text from a model without Kafka: what the scripts of the MLX examples do. */
@Command(
    name = "generate",
    description = "Continues a prompt with a local model, without Kafka.",
    footer = {
      "",
      "Examples:",
      "  millrace generate --model m.gguf --prompt \"Once upon a time\" --max-tokens 100",
      "  millrace generate --model tinyllama.gguf --temperature 0.8 --seed 7 --stop \"\\n\\n\"",
      "  echo \"Who built the tower?\" | millrace generate --model m.gguf --few-shot shots.txt"
    })
final class GenerateCommand implements Callable<Integer> {
  /** Where a model that was shown examples begins the next one by itself. */
  private static final String NEXT_EXAMPLE = "[Instruction]";

  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;
  @Mixin private BackendOptions backend;

  @Option(
      names = "--prompt",
      paramLabel = "T",
      defaultValue = "In the beginning the Universe was created.",
      description = "Text to continue (default: \"${DEFAULT-VALUE}\").")
  private String prompt;

  @Option(
      names = {"-m", "--max-tokens"},
      paramLabel = "N",
      defaultValue = "256",
      description = "Most tokens to generate (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Mixin private SamplingArguments sampling;

  @Option(
      names = "--min-tokens",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens before anything may end the text (default: ${DEFAULT-VALUE}).")
  private int minTokens;

  @Option(
      names = "--json-schema",
      paramLabel = "F",
      description = "Holds the text to the JSON schema in this file.")
  private Path jsonSchema;

  @Option(names = "--ignore-eos", description = "Go on after the model's end tokens.")
  private boolean ignoreEos;

  @Option(
      names = "--stop",
      paramLabel = "T",
      description = "Ends the text before this one; may be given several times.")
  private List<String> stop = new ArrayList<>();

  @Option(
      names = "--few-shot",
      paramLabel = "F",
      description =
          "A file with examples in which {} is replaced by each question read from stdin; an answer"
              + " ends where the model begins the next "
              + NEXT_EXAMPLE
              + ".")
  private Path fewShot;

  @Option(
      names = {"--write-every", "--tokens-per-eval"},
      paramLabel = "N",
      defaultValue = "1",
      description = "Tokens between two writes of text (default: ${DEFAULT-VALUE}).")
  private int writeEvery;

  @Option(
      names = "--chat",
      description = "Take the prompt as a user's message, through the model's chat template.")
  private boolean chat;

  @Option(names = "--json", description = "One line of JSON for each prompt, when it is complete.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    check(maxTokens >= 1, "--max-tokens is %d, expected at least 1", maxTokens);
    check(writeEvery >= 1, "--write-every is %d, expected at least 1", writeEvery);
    check(
        minTokens >= 0 && minTokens <= maxTokens,
        "--min-tokens is %d, expected 0 to %d",
        minTokens,
        maxTokens);
    Sampling chosen = sampling.sampling(); // before the model is loaded: a mistake shows at once
    check(!prompt.isEmpty(), "--prompt is empty");
    check(stop.stream().noneMatch(String::isEmpty), "--stop is empty");
    try (LocalModel local = backend.open(model, 1);
        Engine engine = local.startEngine()) {
      if (fewShot == null) {
        answer(engine, prompt, chosen, stop);
      } else {
        answerQuestions(engine, chosen);
      }
    }
    return 0;
  }

  private void answerQuestions(Engine engine, Sampling chosen)
      throws IOException, InterruptedException {
    String examples = Files.readString(fewShot).strip();
    check(examples.contains("{}"), "%s has no {} for the question to stand in", fewShot);
    List<String> ends = new ArrayList<>(stop);
    ends.add(NEXT_EXAMPLE);
    var questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (true) {
      if (System.console() != null && System.console().isTerminal()) {
        err().print("Ask a question: ");
        err().flush();
      }
      String question = questions.readLine();
      if (question == null) {
        return;
      }
      answer(engine, examples.replace("{}", question), chosen, ends);
    }
  }

  private void answer(Engine engine, String text, Sampling chosen, List<String> ends)
      throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    ResponseFormat format =
        jsonSchema == null
            ? ResponseFormat.TEXT
            : new ResponseFormat.JsonSchema(Files.readString(jsonSchema));
    StopConditions stops = new StopConditions(ends, Set.of(), minTokens, ignoreEos);
    GenerationRequest request =
        new GenerationRequest(
            "generate",
            chat ? conversation(text) : text,
            chat ? OptionalLong.of(System.currentTimeMillis()) : OptionalLong.empty(),
            maxTokens,
            chosen,
            stops,
            OptionalInt.empty(),
            format,
            0,
            OptionalLong.empty(),
            Progress.NONE);
    if (json) {
      LocalGeneration generation = LocalGeneration.run(engine, request, writeEvery, part -> {});
      out.println(toJson(generation));
      out.flush();
      return;
    }
    if (fewShot == null && !chat) {
      out.print(text);
      out.flush();
    }
    LocalGeneration generation =
        LocalGeneration.run(
            engine,
            request,
            writeEvery,
            part -> {
              out.print(part);
              out.flush();
            });
    out.println();
    out.flush();
    Usage usage = generation.finished().usage();
    err()
        .printf(
            "Prompt: %d tokens, %.1f tokens/s. Generation: %d tokens, %.1f tokens/s.%n",
            usage.promptTokens(),
            generation.promptTokensPerSecond(),
            usage.completionTokens(),
            generation.generationTokensPerSecond());
    err().flush();
  }

  /** A conversation of one message. */
  private static String conversation(String text) {
    ObjectNode request = new ObjectMapper().createObjectNode();
    request.putArray("messages").addObject().put("role", "user").put("content", text);
    return request.toString();
  }

  private static String toJson(LocalGeneration generation) {
    Usage usage = generation.finished().usage();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("text", generation.finished().text());
    line.put("tokens", generation.tokens());
    line.put("finish_reason", generation.finished().reason().name().toLowerCase());
    line.put(
        "usage",
        Map.of(
            "prompt_tokens", usage.promptTokens(),
            "completion_tokens", usage.completionTokens(),
            "total_tokens", usage.promptTokens() + usage.completionTokens()));
    line.put("prompt_tps", generation.promptTokensPerSecond());
    line.put("generation_tps", generation.generationTokensPerSecond());
    return new ObjectMapper().valueToTree(line).toString();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  private void check(boolean condition, String message, Object... arguments) {
    if (!condition) {
      throw new ParameterException(spec.commandLine(), message.formatted(arguments));
    }
  }
}
