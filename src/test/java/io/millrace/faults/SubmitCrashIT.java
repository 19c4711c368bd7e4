package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaClients;
import io.millrace.cli.Millrace;
import io.millrace.record.Topics;
import io.millrace.worker.BundledModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * As a user has it: a broker, a worker with the bundled model, and {@code submit}, each a process
 * of its own; the worker is killed in the middle of its work and started again.
 */
@Timeout(300)
class SubmitCrashIT {
  private static final Logger LOG = LoggerFactory.getLogger(SubmitCrashIT.class);
  private static final int PROMPTS = 200;
  private static final int MAX_TOKENS = 64;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  private final BundledModel bundled = BundledModel.unpack();
  private final List<JavaProcess> processes = new ArrayList<>();
  private BrokerProcess broker;
  private TopicAudit audit;

  @BeforeEach
  void start() throws Exception {
    broker = BrokerProcess.start(directory.resolve("broker"));
    KafkaClients.createTopics(broker.bootstrapServers(), new Topics(""));
    audit = new TopicAudit(broker.bootstrapServers(), "");
  }

  @AfterEach
  void stop() {
    audit.close();
    processes.forEach(JavaProcess::kill);
    broker.close();
    bundled.close();
  }

  @Test
  void shouldCompletePromptsWhoseWorkerIsKilledAsIfNothingHadHappened() throws Exception {
    JavaProcess worker = worker();
    JavaProcess submit = submit("killed");
    Await.until(
        "a third has ended, and others are in progress",
        () -> audit.poll() && audit.ended() > PROMPTS / 3 && !audit.underway().isEmpty());

    worker.kill();
    long killedAt = System.currentTimeMillis();
    audit.poll();
    long endedBefore = audit.ended();
    Set<String> halted = audit.underway();
    worker = worker();
    Await.until(
        "those that were halted go on",
        () -> audit.poll() && halted.stream().allMatch(id -> audit.lastSeen(id) > killedAt));
    long gap = System.currentTimeMillis() - killedAt;
    int exit = submit.awaitExit(120);
    int calmExit = submit("calm").awaitExit(120);
    List<String> ids = new ArrayList<>(ids("killed"));
    ids.addAll(ids("calm"));
    Await.until("all have ended", () -> audit.poll() && audit.haveEnded(ids));

    LOG.info(
        "kill -9 after {} of {} prompts, {} in progress, which went on after {} ms",
        endedBefore,
        PROMPTS,
        halted.size(),
        gap);
    assertThat(endedBefore).isLessThan(PROMPTS);
    assertThat(exit).isZero();
    assertThat(calmExit).isZero();
    assertThat(audit.faults(ids)).isEmpty();
    Map<String, List<String>> texts = audit.texts();
    assertThat(ids("killed"))
        .allSatisfy(
            id -> assertThat(texts.get(id)).isEqualTo(texts.get(id.replace("killed", "calm"))));
    // 128 and the number of SIGTERM: it ended because it was told to.
    assertThat(worker.terminate()).isEqualTo(143);
    assertThat(worker.log()).contains("The worker of stories is ready").doesNotContain("Exception");
  }

  private JavaProcess worker() throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("worker.properties"),
            """
            worker.id=mini-1
            session.timeout=3s
            router.heartbeat-expiry=5s
            metrics.port=off
            """,
            UTF_8);
    return run(
        "worker",
        "--model",
        "stories=" + bundled.path(),
        "--bootstrap-servers",
        broker.bootstrapServers(),
        "--config",
        config.toString());
  }

  /** Submits all prompts, and waits for their ends. */
  private JavaProcess submit(String kind) throws IOException {
    List<String> texts = BundledModel.prompts();
    List<String> lines =
        IntStream.range(0, PROMPTS)
            .mapToObj(n ->
                line(kind + "-" + n, "It was day %d. %s".formatted(n, texts.get(n % texts.size()))))
            .toList();
    Path file = Files.write(directory.resolve(kind + ".jsonl"), lines, UTF_8);
    return run(
        "submit",
        "--file",
        file.toString(),
        "--follow",
        "--json",
        "--timeout",
        "60s",
        "--bootstrap-servers",
        broker.bootstrapServers());
  }

  private static String line(String id, String prompt) {
    return "{\"id\":\"%s\",\"prompt\":\"%s\",\"temperature\":0,\"max_tokens\":%d}"
        .formatted(id, prompt, MAX_TOKENS);
  }

  private static List<String> ids(String kind) {
    return IntStream.range(0, PROMPTS).mapToObj(n -> kind + "-" + n).toList();
  }

  private JavaProcess run(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(Millrace.class.getName()));
    command.addAll(List.of(arguments));
    JavaProcess process =
        JavaProcess.start(directory.resolve(arguments[0] + ".log"), List.of("-Xmx512m"), command);
    processes.add(process);
    return process;
  }
}
