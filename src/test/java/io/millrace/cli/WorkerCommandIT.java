package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.OutputChecker;
import io.millrace.OutputReader;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.worker.BundledModel;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The command as users run it: a process of its own, with router and bundled model. */
@Timeout(240)
class WorkerCommandIT {
  private static final int PROMPTS = 30;
  private static final int MAX_TOKENS = 40;

  /** 128 and the number of SIGTERM: the process ended because it was told to. */
  private static final int EXIT_ON_SIGTERM = 143;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;

  private final Topics topics = new Topics(kafka.newPrefix());
  private final BundledModel bundled = BundledModel.unpack();
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void createTopics() {
    try (TopicAdmin admin = new TopicAdmin(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      admin.create(TopicContract.load(topics).shared(), TopicAdmin.BROKER_DEFAULT);
    }
  }

  @AfterEach
  void stop() {
    processes.forEach(process -> process.destroyForcibly().onExit().join());
    bundled.close();
  }

  @Test
  void shouldGoOnAfterAKillAndStopWhenToldTo() throws Exception {
    List<String> ids = publish();
    try (OutputReader reader =
        new OutputReader(kafka.bootstrapServers(), topics, (chunk, writtenAt) -> {})) {
      Process killed = startWorker();
      Await.until("texts have begun", () -> reader.poll().chunkCount() > PROMPTS / 2);
      killed.destroyForcibly().onExit().join();
      int endedBefore = reader.poll().endedCount();

      Process worker = startWorker();
      Await.until("all prompts have ended", () -> reader.poll().endedCount() == PROMPTS);
      worker.destroy();
      assertThat(worker.waitFor(20, TimeUnit.SECONDS)).isTrue();

      OutputChecker output = reader.poll();
      assertThat(endedBefore).isLessThan(PROMPTS);
      assertThat(output.faults(ids, List.of())).isEmpty();
      assertThat(ids)
          .allSatisfy(id -> assertThat(output.completions(id).getFirst().error()).as(id).isEmpty());
      assertThat(worker.exitValue()).isEqualTo(EXIT_ON_SIGTERM);
    }
    assertThat(log()).contains("The worker of stories is ready").doesNotContain("Exception");
  }

  private Process startWorker() throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("worker.properties"),
            """
            topics.prefix=%s
            worker.id=mini-1
            session.timeout=3s
            router.heartbeat-expiry=4s
            metrics.port=0
            """
                .formatted(topics.prefix()));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            Millrace.class.getName(),
            "worker",
            "--model",
            "stories=" + bundled.path(),
            "--bootstrap-servers",
            kafka.bootstrapServers(),
            "--config",
            config.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(logFile()))
            .start();
    processes.add(process);
    return process;
  }

  private List<String> publish() {
    List<String> ids = new ArrayList<>();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < PROMPTS; i++) {
        Prompt prompt =
            Prompt.of("story-" + i, "Once upon a time").maxTokens(MAX_TOKENS).seed(i).build();
        producer.send(new ProducerRecord<>(topics.prompts(), prompt.id(), prompt.toJson()));
        ids.add(prompt.id());
      }
    }
    return ids;
  }

  private File logFile() {
    return directory.resolve("worker.log").toFile();
  }

  private String log() throws IOException {
    return Files.readString(logFile().toPath());
  }
}
