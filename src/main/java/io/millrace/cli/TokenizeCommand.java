package io.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.text.Tokenizer;
import io.millrace.text.Tokenizer.SpecialTokens;
import io.millrace.text.TokenizerFolder;
import io.millrace.weights.Checkpoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code millrace tokenize}: text to token ids, as a prompt becomes them. */
@Command(
    name = "tokenize",
    description = "Prints the token ids of a text.",
    footer = {
      "",
      "Examples:",
      "  millrace tokenize --model stories.gguf \"Once upon a time\"",
      "  millrace tokenize --model stories.gguf --json - < prompt.txt"
    })
final class TokenizeCommand implements Callable<Integer> {
  private static final String STDIN = "-";

  @Spec private CommandSpec spec;
  @Mixin private ModelOption model;

  @Parameters(
      paramLabel = "TEXT",
      description =
          "The text; - reads it from standard input, exactly. Special tokens in it are parsed.")
  private String text;

  @Option(names = "--json", description = "Print one line: {\"tokens\":[...],\"pieces\":[...]}.")
  private boolean json;

  @Option(names = "--no-bos", description = "Leave the beginning-of-sequence token out.")
  private boolean noBos;

  /** What {@code --json} prints. */
  private record Tokens(int[] tokens, List<String> pieces) {}

  @Override
  public Integer call() throws IOException {
    String prompt = text.equals(STDIN) ? Utf8Input.readAll(System.in, "standard input") : text;
    Tokenizer tokenizer = tokenizer();
    int[] tokens =
        noBos ? tokenizer.encode(prompt, SpecialTokens.PARSE) : tokenizer.encodePrompt(prompt);
    PrintWriter out = spec.commandLine().getOut();
    out.println(json ? toJson(tokens, tokenizer) : toLine(tokens));
    out.flush();
    return 0;
  }

  /** Works on folders that hold a tokenizer and no model, and on files that hold a vocabulary. */
  private Tokenizer tokenizer() {
    if (Files.isDirectory(model.path())) {
      return TokenizerFolder.load(model.path());
    }
    try (Checkpoint checkpoint = model.open()) {
      return checkpoint.tokenizer();
    }
  }

  private static String toLine(int[] tokens) {
    return Arrays.stream(tokens).mapToObj(Integer::toString).collect(Collectors.joining(" "));
  }

  private static String toJson(int[] tokens, Tokenizer tokenizer) throws JsonProcessingException {
    List<String> pieces = Arrays.stream(tokens).mapToObj(tokenizer::piece).toList();
    return new ObjectMapper().writeValueAsString(new Tokens(tokens, pieces));
  }
}
