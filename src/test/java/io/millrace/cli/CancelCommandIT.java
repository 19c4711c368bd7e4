package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaClients;
import io.millrace.KafkaUnderTest;
import io.millrace.OutputChecker;
import io.millrace.OutputReader;
import io.millrace.engine.Engine;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Topics;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class CancelCommandIT {
  private static final int SLOTS = 2;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;

  private final Topics topics = new Topics(kafka.newPrefix());

  @Test
  void shouldEndPromptsThatRunOrWaitAndNoOthers() throws Exception {
    createTopics();
    List<String> running = List.of("running-1", "running-2");
    List<String> waiting = List.of("waiting-1", "waiting-2", "waiting-3", "waiting-4", "waiting-5");

    try (Engine engine = SimulatedEngine.start(SLOTS, 20, 4_096);
        Node _ = Node.startWorker(settings(), "tales", engine);
        OutputReader reader =
            new OutputReader(kafka.bootstrapServers(), topics, (chunk, writtenAt) -> {})) {
      publish(running);
      Await.until(
          "both run", () -> running.stream().noneMatch(id -> reader.poll().chunks(id).isEmpty()));
      publish(waiting);

      CommandRun cancel = cancel("waiting-5", "ghost");
      Await.until("it ends", () -> hasEnded(reader, "waiting-5"));
      CommandRun cancelRunning = cancel("running-1", "running-2");
      Await.until(
          "the running ones end", () -> running.stream().allMatch(id -> hasEnded(reader, id)));
      cancel(waiting.subList(0, 4).toArray(String[]::new));
      Await.until("all end", () -> waiting.stream().allMatch(id -> hasEnded(reader, id)));

      OutputChecker output = reader.poll();
      assertThat(cancel.exit()).isZero();
      assertThat(cancelRunning.exit()).isZero();
      assertThat(output.completions("ghost")).isEmpty();
      assertThat(output.faults(concat(running, waiting), List.of())).isEmpty();
      assertThat(concat(running, waiting))
          .allSatisfy(id ->
              assertThat(output.completions(id).getFirst().error().orElseThrow().code())
                  .isEqualTo("cancelled"));
    }
  }

  @Test
  void shouldAskForAnId() {
    assertThat(CommandRun.of("cancel").exit()).isEqualTo(2);
  }

  private static boolean hasEnded(OutputReader reader, String id) {
    OutputChecker output = reader.poll();
    return !output.completions(id).isEmpty()
        && !output.chunks(id).isEmpty()
        && output.chunks(id).getLast().finishReason().isPresent();
  }

  private CommandRun cancel(String... ids) throws Exception {
    Path config =
        Files.writeString(directory.resolve("my.properties"), "topics.prefix=" + topics.prefix());
    return CommandRun.of(
        concat(
                List.of(
                    "cancel",
                    "--bootstrap-servers",
                    kafka.bootstrapServers(),
                    "--config",
                    config.toString()),
                List.of(ids))
            .toArray(String[]::new));
  }

  private Settings settings() {
    return Settings.defaults()
        .with(Settings.BOOTSTRAP_SERVERS, kafka.bootstrapServers())
        .with(Settings.TOPICS_PREFIX, topics.prefix())
        .with(Settings.WORKER_ID, "mini-1")
        .with(Settings.METRICS_PORT, "off");
  }

  private void createTopics() {
    KafkaClients.createTopics(kafka.bootstrapServers(), topics);
  }

  private void publish(List<String> ids) {
    byte[] value = "{\"prompt\":\"Once upon a time\",\"max_tokens\":4000}".getBytes(UTF_8);
    try (KafkaProducer<String, byte[]> producer = KafkaClients.producer(kafka.bootstrapServers())) {
      ids.forEach(id -> producer.send(new ProducerRecord<>(topics.prompts(), id, value)));
    }
  }

  private static List<String> concat(List<String> some, List<String> others) {
    return Stream.concat(some.stream(), others.stream()).toList();
  }
}
