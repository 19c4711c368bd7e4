package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.client.Millwheel;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.ErrorCode;
import io.millrace.record.Topics;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TailCommandIT {
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
  void shouldShowWhatIsCommitted() {
    millwheel.abort("x", " aborted");
    millwheel.complete("a", " upon\n", "🦙\u001b[2J");
    millwheel.refuse("b", ErrorCode.MODEL_NOT_FOUND);

    List<String> lines = tail(5, "--from-beginning").outLines();

    assertThat(lines)
        .containsExactlyInAnyOrder(
            "chunk       a  0  \" upon\\n\"",
            "chunk       a  1  \"🦙\\u001B[2J\"  (stop)",
            "completion  a  stop, w  \" upon\\n🦙\\u001B[2J\"",
            "chunk       b  0  \"\"  (error)",
            "completion  b  model_not_found: why");
  }

  @Test
  void shouldPrintRecordsAsJson() throws Exception {
    millwheel.complete("a", " upon", " a time");

    List<JsonNode> lines = new ArrayList<>();
    for (String line : tail(3, "--from-beginning", "--json").outLines()) {
      lines.add(new ObjectMapper().readTree(line));
    }

    assertThat(lines).allSatisfy(line -> assertThat(line.get("key").textValue()).isEqualTo("a"));
    assertThat(values(lines, topics.chunks()))
        .extracting(value -> Chunk.fromJson(value).text())
        .containsExactly(" upon", " a time");
    assertThat(values(lines, topics.completions()))
        .extracting(Completion::fromJson)
        .containsExactly(Millwheel.completion("a", " upon a time"));
  }

  @Test
  void shouldBeginWithTheNextRecord() {
    millwheel.complete("a", " old");
    CommandRun.Running running = start("--completions-only");

    // It begins at some moment after its start: publish until it has begun.
    Await.until(
        "a completion is shown",
        () -> {
          millwheel.complete("b", " new");
          return !running.out().isEmpty();
        });
    running.interrupt();

    assertThat(running.await().outLines())
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).startsWith("completion  b"));
  }

  @Test
  void shouldGoOnAfterWhatItCannotRead() {
    millwheel.publish(topics.completions(), "x", "no\njson");
    millwheel.complete("a", " upon");

    List<String> lines = tail(2, "--from-beginning", "--completions-only").outLines();

    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst()).startsWith("unreadable  %s-0-0  ".formatted(topics.completions()));
    assertThat(lines.getLast()).startsWith("completion  a");
  }

  @Test
  void shouldEndWithSuccessWhenInterrupted() {
    CommandRun.Running running = start("--from-beginning");
    millwheel.complete("a", " upon");
    Await.until("it follows", () -> !running.out().isEmpty());

    running.interrupt();

    assertThat(running.await().exit()).isZero();
  }

  @Test
  void shouldEndWhenNobodyReadsItsOutput() {
    millwheel.complete("a", " upon");
    PrintWriter closed = new PrintWriter(new StringWriter());
    closed.close();

    int exit =
        Millrace.commandLine()
            .setOut(closed)
            .execute(
                "tail",
                "--from-beginning",
                "--bootstrap-servers",
                kafka.bootstrapServers(),
                "--config",
                config.toString());

    assertThat(exit).isZero();
  }

  private static List<byte[]> values(List<JsonNode> lines, String topic) {
    return lines.stream()
        .filter(line -> line.get("topic").textValue().equals(topic))
        .map(line -> line.get("value").toString().getBytes(UTF_8))
        .toList();
  }

  private CommandRun tail(int lines, String... args) {
    CommandRun.Running running = start(args);
    Await.until(lines + " lines are shown", () -> running.out().lines().count() >= lines);
    running.interrupt();
    return running.await();
  }

  private CommandRun.Running start(String... args) {
    Stream<String> address =
        Stream.of("--bootstrap-servers", kafka.bootstrapServers(), "--config", config.toString());
    return CommandRun.start(
        Stream.of(Stream.of("tail"), Stream.of(args), address)
            .flatMap(part -> part)
            .toArray(String[]::new));
  }
}
