package io.millrace.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.client.Millwheel;
import io.millrace.record.Completion;
import io.millrace.record.ErrorCode;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class SubmitCommandIT {
  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;
  private final Topics topics = new Topics(kafka.newPrefix());
  private Path config;
  private Millwheel millwheel;

  @BeforeEach
  void createTopics() throws Exception {
    kafka.createTopics(topics.prompts(), topics.chunks(), topics.completions());
    millwheel = new Millwheel(kafka.bootstrapServers(), topics);
    config =
        Files.writeString(directory.resolve("my.properties"), "topics.prefix=" + topics.prefix());
  }

  @AfterEach
  void close() {
    millwheel.close();
  }

  @Test
  void shouldPrintTheIdOfAPublishedPrompt() {
    CommandRun run =
        submit(
            "--prompt",
            "Once 🦙",
            "--id",
            "a",
            "--model",
            "m",
            "--max-tokens",
            "7",
            "--temperature",
            "0.5",
            "--seed",
            "3",
            "--stop",
            ".",
            "--stop",
            "\n");

    assertThat(run).isEqualTo(new CommandRun(0, "a\n", ""));
    assertThat(millwheel.nextPrompt())
        .isEqualTo(
            Prompt.of("a", "Once 🦙")
                .model("m")
                .maxTokens(7)
                .temperature(0.5)
                .seed(3)
                .stop(List.of(".", "\n"))
                .build());
  }

  @Test
  void shouldPublishAConversation() {
    CommandRun run =
        submit(
            "--messages",
            "[{\"role\": \"user\", \"content\": \"Hi 🦙\"}]",
            "--id",
            "a",
            "--max-tokens",
            "7");

    Prompt prompt = millwheel.nextPrompt();
    assertThat(run).isEqualTo(new CommandRun(0, "a\n", ""));
    assertThat(prompt.chat()).isTrue();
    assertThat(prompt.prompt())
        .isEqualTo("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi 🦙\"}]}");
    assertThat(prompt.maxTokens()).isEqualTo(7);
  }

  @Test
  void shouldPublishTheConversationInAFile() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("chat.json"),
            """
            {
              "id": "mine",
              "messages": [{"role": "user", "content": "Weather?"}],
              "tools": [{"type": "function", "function": {"name": "weather"}}],
              "max_tokens": 9
            }
            """);

    CommandRun run = submit("--messages", "@" + file, "--max-tokens", "5", "--model", "m");

    Prompt prompt = millwheel.nextPrompt();
    assertThat(run).isEqualTo(new CommandRun(0, "mine\n", ""));
    assertThat(prompt.id()).isEqualTo("mine");
    assertThat(prompt.prompt()).contains("Weather?").contains("\"tools\":[{\"type\":\"function\"");
    assertThat(prompt.maxTokens()).isEqualTo(9);
    assertThat(prompt.model()).contains("m");
  }

  @Test
  void shouldPublishTheConversationsOfAFile() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("chats.jsonl"),
            """
            {"id": "a", "messages": [{"role": "user", "content": "One"}]}
            {"id": "b", "messages": [{"role": "user", "content": "Two"}], "n": 2}
            """);

    CommandRun run = submit("--file", file.toString());

    List<Prompt> prompts = nextPrompts(2);
    assertThat(run.outLines()).containsExactly("a", "b");
    assertThat(prompts).allMatch(Prompt::chat);
    assertThat(prompts).extracting(Prompt::id).containsExactly("a", "b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[{|is no valid JSON: Unexpected end-of-input",
        "7|is JSON of type number, expected an array of messages or an object with messages",
        "[] []|is no valid JSON: Trailing token",
        "@nowhere.json|@nowhere.json: there is no such file"
      })
  void shouldRefuseWhatIsNoConversation(String messages, String problem) {
    CommandRun run = submit("--messages", messages);

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("millrace: --messages " + problem)
        .doesNotContain("StreamReadFeature", "DeserializationFeature");
  }

  @Test
  void shouldTakeATextThatBeginsWithAnAtSign() throws IOException {
    Path file = Files.writeString(directory.resolve("words"), "two words");

    submit("--prompt", "@" + file);

    assertThat(millwheel.nextPrompt().prompt()).isEqualTo("@" + file);
  }

  @Test
  void shouldDrawAnIdForAPromptWithoutOne() {
    CommandRun run = submit("--prompt", "Once", "--json");

    String id = millwheel.nextPrompt().id();
    assertThat(run.out()).isEqualTo("{\"id\":\"%s\"}\n".formatted(id));
  }

  @Test
  void shouldPublishEveryLineOfAFile() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("prompts"),
            """
            \ufeffOnce upon a time

            {"id": "b", "prompt": "Twice", "max_tokens": 9}\r
            { "prompt": "Thrice", "model": "other" }
            No newline at the end\
            """);

    CommandRun run = submit("--file", file.toString(), "--model", "m", "--max-tokens", "5");

    List<Prompt> prompts = nextPrompts(4);
    assertThat(run.exit()).isZero();
    assertThat(run.outLines()).isEqualTo(prompts.stream().map(Prompt::id).toList());
    assertThat(prompts)
        .extracting(Prompt::prompt)
        .containsExactly("Once upon a time", "Twice", "Thrice", "No newline at the end");
    assertThat(prompts).extracting(Prompt::maxTokens).containsExactly(5, 9, 5, 5);
    assertThat(prompts)
        .extracting(prompt -> prompt.model().orElseThrow())
        .containsExactly("m", "m", "other", "m");
    assertThat(prompts.get(1).id()).isEqualTo("b");
  }

  @Test
  void shouldLeaveJudgingToTheRouter() throws IOException {
    List<String> lines =
        List.of(
            "{\"prompt\": \"Once\"",
            "{\"prompt\": \"Once\", \"prompt\": \"Twice\"}",
            "{\"id\": \"a\\nb\", \"prompt\": \"Once\"}",
            "{\"id\": 7, \"prompt\": \"Once\", \"n\": 1.10}");
    Path file = Files.write(directory.resolve("prompts"), lines);

    CommandRun run = submit("--file", file.toString());

    assertThat(run.exit()).isZero();
    for (int i = 0; i < lines.size(); i++) {
      Millwheel.Published published = millwheel.nextRecord();
      assertThat(published.value()).isEqualTo(lines.get(i));
      assertThat(published.key()).isEqualTo(run.outLines().get(i)).hasSize(36);
    }
  }

  @Test
  void shouldStreamTheTextOfOnePrompt() {
    CommandRun.Running running = start("--prompt", "Once", "--id", "a", "--follow");
    millwheel.nextPrompt();

    millwheel.chunks("a", false, " upon", " a 🦙");
    Await.until("the first chunks are shown", () -> running.out().equals(" upon a 🦙"));
    millwheel.complete("a", " time");
    CommandRun run = running.await();

    assertThat(run).isEqualTo(new CommandRun(0, " upon a 🦙 time\n", "completion  a  stop, w\n"));
  }

  @Test
  void shouldFailWhenThePromptEndsInAnError() {
    CommandRun.Running running = start("--prompt", "Once", "--id", "a", "--follow");

    millwheel.refuse(millwheel.nextPrompt().id(), ErrorCode.MODEL_NOT_FOUND);

    assertThat(running.await())
        .isEqualTo(new CommandRun(1, "\n", "completion  a  model_not_found: why\n"));
  }

  @Test
  void shouldPrintTheCompletionsOfManyPrompts() throws IOException {
    Path file =
        Files.write(
            directory.resolve("prompts"),
            IntStream.range(0, 300).mapToObj(i -> "Prompt " + i).toList());

    CommandRun.Running running = start("--file", file.toString(), "--follow", "--json");
    List<Prompt> prompts = nextPrompts(300);
    millwheel.completeAll(prompts.stream().map(Prompt::id).toList(), " text");
    CommandRun run = running.await();

    assertThat(run.exit()).isZero();
    assertThat(run.outLines())
        .containsExactlyInAnyOrderElementsOf(
            prompts.stream()
                .map(prompt -> Millwheel.completion(prompt.id(), " text"))
                .map(SubmitCommandIT::json)
                .toList());
    assertThat(run.err()).startsWith("300 completed, 0 failed");
  }

  @Test
  void shouldFailWhenOneOfManyPromptsFails() throws IOException {
    Path file =
        Files.write(
            directory.resolve("prompts"),
            List.of("{\"id\": \"a\", \"prompt\": \"Once\"}", "{\"id\": \"b\"}"));

    CommandRun.Running running = start("--file", file.toString(), "--follow");
    millwheel.nextRecord();
    millwheel.nextRecord();
    millwheel.complete("a", " text\n\u001b[2J");
    millwheel.refuse("b", ErrorCode.MISSING_REQUIRED_PARAMETER);
    CommandRun run = running.await();

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.outLines())
        .containsExactlyInAnyOrder(
            "completion  a  stop, w  \" text\\n\\u001B[2J\"",
            "completion  b  missing_required_parameter: why");
    assertThat(run.err()).startsWith("1 completed, 1 failed");
  }

  @Test
  void shouldGoOnAfterALineThatIsNotUtf8() throws IOException {
    Path file =
        Files.write(directory.resolve("prompts"), "Once\nTr\u00e9s\nTwice\n".getBytes(ISO_8859_1));

    CommandRun run = submit("--file", file.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("prompts, line 2: not valid UTF-8");
    assertThat(nextPrompts(2)).extracting(Prompt::prompt).containsExactly("Once", "Twice");
  }

  @Test
  void shouldTellWhichIdWasTwiceInTheFile() throws IOException {
    Path file =
        Files.write(
            directory.resolve("prompts"),
            Stream.generate(() -> "{\"id\": \"a\", \"prompt\": \"Once\"}").limit(2).toList());

    CommandRun.Running running = start("--file", file.toString(), "--follow");
    millwheel.nextPrompt();
    Await.until("the second is refused", () -> running.err().contains("followed already"));
    millwheel.complete("a", " text");

    assertThat(running.await().exit()).isEqualTo(1);
  }

  @Test
  void shouldGiveUpWhenNothingIsHeard() {
    CommandRun run = submit("--prompt", "Once", "--id", "a", "--follow", "--timeout", "200ms");

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).contains("gave up").contains("1 prompts have not ended: a");
  }

  @Test
  void shouldNameTheRemedyWhenTopicsAreMissing() {
    CommandRun run =
        CommandRun.of(
            "submit", "--prompt", "Once", "--bootstrap-servers", kafka.bootstrapServers());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("millrace: %s has no topic chunks, ".formatted(kafka.bootstrapServers()))
        .contains("millrace topics create");
  }

  @Test
  void shouldNameTheAddressWhenNobodyAnswers() throws IOException {
    Path quick =
        Files.writeString(
            directory.resolve("quick.properties"),
            """
            kafka.bootstrap.servers=127.0.0.1:1
            kafka.default.api.timeout.ms=300
            kafka.request.timeout.ms=200
            """);

    CommandRun run = CommandRun.of("submit", "--prompt", "Once", "--config", quick.toString());

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.err()).startsWith("millrace: no Kafka broker answers at 127.0.0.1:1");
  }

  private List<Prompt> nextPrompts(int count) {
    List<Prompt> prompts = new ArrayList<>();
    while (prompts.size() < count) {
      prompts.add(millwheel.nextPrompt());
    }
    return prompts;
  }

  private CommandRun submit(String... args) {
    return CommandRun.of(withAddress(args));
  }

  private CommandRun.Running start(String... args) {
    return CommandRun.start(withAddress(args));
  }

  private String[] withAddress(String... args) {
    Stream<String> address =
        Stream.of("--bootstrap-servers", kafka.bootstrapServers(), "--config", config.toString());
    return Stream.of(Stream.of("submit"), Stream.of(args), address)
        .flatMap(part -> part)
        .toArray(String[]::new);
  }

  private static String json(Completion completion) {
    return new String(completion.toJson(), UTF_8);
  }
}
