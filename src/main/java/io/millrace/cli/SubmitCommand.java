package io.millrace.cli;

import io.millrace.cli.Submitter.Mode;
import io.millrace.client.MillraceClient;
import io.millrace.record.Printable;
import io.millrace.record.PromptParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Publishes prompts, and follows them when asked to. */
@Command(
    name = "submit",
    description = {
      "Publishes prompts and prints their ids; with --follow, prints what becomes of them.",
      "Exits with 0 when all were published and, with --follow, all completed without error."
    },
    footer = {
      "",
      "Examples:",
      "  millrace submit --prompt \"Once upon a time\" --follow",
      "  millrace submit --messages '[{\"role\": \"user\", \"content\": \"Who are you?\"}]' --follow",
      "  millrace submit --file prompts.txt --max-tokens 64 --follow --json > completions.jsonl"
    })
final class SubmitCommand implements Callable<Integer> {
  /** Bounds the memory that waiting takes; the texts are not kept. */
  private static final int MAX_UNDERWAY = 100_000;

  private static final int MAX_LINE_BYTES = 16 << 20;
  private static final Duration FOREVER = Duration.ofDays(36_500);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int IDS_TO_NAME = 5;
  private static final String FROM_FILE = "@";

  private final PromptsUnderway underway = new PromptsUnderway(MAX_UNDERWAY);

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Source source;

  @Mixin private PromptOptions options;

  @Option(
      names = "--id",
      paramLabel = "ID",
      description = "Id of the prompt, with --prompt or --messages (default: a new one).")
  private String id;

  @Option(
      names = "--follow",
      description =
          "Wait for the ends: stream the text of one prompt, or print each completion of --file.")
  private boolean follow;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      description =
          "Give up when nothing was heard of any prompt for so long, such as 30s or 5m (default:"
              + " never).")
  private Duration timeout;

  @Option(
      names = "--json",
      description =
          "A line of JSON for each prompt: its id, or with --follow its completion as it is on the"
              + " topic.")
  private boolean json;

  @Mixin private KafkaOptions kafka;

  private static final class Source {
    @Option(names = "--prompt", paramLabel = "T", description = "Text to continue.")
    private String prompt;

    @Option(
        names = "--messages",
        paramLabel = "JSON",
        description = {
          "A conversation to continue, which the model's chat template makes into a prompt: an array"
              + " of OpenAI's messages, or an object that holds messages, tools and other fields of"
              + " the contract.",
          "@F reads it from file F, @- from standard input."
        })
    private String messages;

    @Option(
        names = "--file",
        paramLabel = "F",
        description =
            "One prompt per line: plain text, or a JSON object with the contract's fields, such as"
                + " prompt or messages; - is standard input.")
    private Path file;

    boolean isOnePrompt() {
      return file == null;
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkId();
    long start = System.nanoTime();
    if (source.isOnePrompt()) {
      PromptRecord prompt = onePrompt();
      run(submitter -> submit(submitter, prompt, follow ? Mode.STREAM : Mode.PUBLISH));
    } else {
      try (InputLines lines = open()) {
        run(submitter -> submit(submitter, lines));
      }
    }
    if (follow && !source.isOnePrompt()) {
      printSummary(Duration.ofNanos(System.nanoTime() - start));
    }
    return underway.failed() == 0 ? 0 : 1;
  }

  /** Submits prompts and waits for their ends. */
  private void run(Submission submission) throws IOException, InterruptedException {
    KafkaOptions.silenceClients();
    try (MillraceClient client = new MillraceClient(kafka.clients(), kafka.topics())) {
      Submitter submitter = new Submitter(client, underway, json, out(), err());
      if (!submission.to(submitter) || !awaitEnds()) {
        giveUp();
      }
    }
  }

  /** Prompts to submit. */
  @FunctionalInterface
  private interface Submission {
    /** Whether there was room for all of them in time. */
    boolean to(Submitter submitter) throws IOException, InterruptedException;
  }

  private void checkId() {
    if (id != null && !source.isOnePrompt()) {
      throw badUsage(
          "--id goes with --prompt and --messages; in a --file, each line has its own id");
    }
    if (id != null && !PromptParser.isId(id)) {
      throw badUsage(
          "--id %s cannot be one: expected 1 to 256 characters without control characters"
              .formatted(Printable.quote(id)));
    }
  }

  /** The prompt of {@code --prompt} or {@code --messages}. */
  private PromptRecord onePrompt() throws IOException {
    if (source.prompt != null) {
      String promptId = id == null ? PromptRecord.newId() : id;
      return PromptRecord.text(promptId, source.prompt, options);
    }
    try {
      return PromptRecord.conversation(Optional.ofNullable(id), messages(), options);
    } catch (IllegalArgumentException e) {
      throw badUsage("--messages " + e.getMessage());
    }
  }

  private String messages() throws IOException {
    if (!source.messages.startsWith(FROM_FILE)) {
      return source.messages;
    }
    String file = source.messages.substring(FROM_FILE.length());
    try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
      return Utf8Input.readAll(in, source.messages);
    } catch (NoSuchFileException e) {
      throw badUsage("--messages %s: there is no such file".formatted(source.messages));
    }
  }

  /** The lines of {@code --file}. */
  private InputLines open() throws IOException {
    if (source.file.toString().equals("-")) {
      return new InputLines(System.in, MAX_LINE_BYTES);
    }
    try {
      return new InputLines(Files.newInputStream(source.file), MAX_LINE_BYTES);
    } catch (NoSuchFileException e) {
      throw badUsage("--file %s: there is no such file".formatted(source.file));
    }
  }

  private boolean submit(Submitter submitter, InputLines lines)
      throws IOException, InterruptedException {
    boolean room = true;
    for (var line = lines.next(); room && line.isPresent(); line = lines.next()) {
      try {
        PromptRecord prompt = PromptRecord.line(line.get(), options);
        room = submit(submitter, prompt, follow ? Mode.FOLLOW : Mode.PUBLISH);
      } catch (CharacterCodingException e) {
        complain("%s, line %d: not valid UTF-8".formatted(source.file, lines.number()));
        underway.fail();
      }
    }
    return room;
  }

  private boolean submit(Submitter submitter, PromptRecord prompt, Mode mode)
      throws InterruptedException {
    boolean room = underway.begin(prompt.id(), timeout());
    if (room) {
      submitter.submit(prompt, mode);
    }
    return room;
  }

  private boolean awaitEnds() throws InterruptedException {
    if (timeout().compareTo(PATIENCE) > 0 && !underway.awaitNone(PATIENCE)) {
      complain(
          "Waiting for %d prompts, of which nothing was heard for %d s. Are Kafka and a worker running?"
              .formatted(underway.count(), PATIENCE.toSeconds()));
    }
    return underway.awaitNone(timeout());
  }

  private void giveUp() {
    List<String> ids = underway.abandon();
    complain(
        "gave up: nothing was heard for %d s, and %d prompts have not ended: %s%s"
            .formatted(
                timeout().toSeconds(),
                ids.size(),
                ids.stream()
                    .limit(IDS_TO_NAME)
                    .map(Printable::escape)
                    .collect(Collectors.joining(", ")),
                ids.size() > IDS_TO_NAME ? ", …" : ""));
  }

  private void printSummary(Duration time) {
    complain(
        String.format(
            Locale.ROOT,
            "%d completed, %d failed, in %.1f s",
            underway.completed(),
            underway.failed(),
            time.toMillis() / 1e3));
  }

  private Duration timeout() {
    return timeout == null ? FOREVER : timeout;
  }

  private ParameterException badUsage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private void complain(String line) {
    err().println(line);
    err().flush();
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
