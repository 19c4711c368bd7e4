package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.OutputChecker;
import io.millrace.OutputReader;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Sampling;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Real processes with router and worker on a real broker, ended in the middle of their work. */
class WorkerCrashIT {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerCrashIT.class);
  private static final double TOKENS_PER_SECOND = 800;
  private static final int KILLS = 3;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;

  private final Topics topics = new Topics(kafka.newPrefix());
  private final List<WorkerProcess> workers = new ArrayList<>();
  private final Map<String, Long> lastWritten = new HashMap<>();
  private int tokens;
  private OutputReader reader;
  private OutputChecker output;

  @BeforeEach
  void start() {
    try (TopicAdmin admin = new TopicAdmin(client())) {
      admin.create(TopicContract.load(topics).shared(), TopicAdmin.BROKER_DEFAULT);
    }
    reader =
        new OutputReader(
            kafka.bootstrapServers(),
            topics,
            (chunk, writtenAt) -> {
              lastWritten.put(chunk.id(), writtenAt);
              tokens += chunk.tokens().size();
            });
    output = reader.poll();
  }

  @AfterEach
  void stop() {
    workers.forEach(WorkerProcess::kill);
    reader.close();
  }

  @Test
  void shouldLoseAndRepeatNothingWhenAWorkerDiesAndComesBack() throws Exception {
    List<Prompt> prompts = send(80);
    WorkerProcess worker = start("mini-1");

    for (int kill = 1; kill <= KILLS; kill++) {
      awaitShare(prompts, kill / (KILLS + 2.0));
      worker.kill();
      long endedAt = System.currentTimeMillis();
      worker = start("mini-1");
      awaitResumption("kill -9, started again", endedAt);
    }
    awaitAllEnded(prompts);

    assertUndisturbed(prompts);
  }

  @Test
  void shouldLoseAndRepeatNothingWhenAnotherWorkerTakesOver() throws Exception {
    List<Prompt> prompts = send(100);
    WorkerProcess worker = start("mini-1");
    start("mini-2");

    awaitShare(prompts, 0.4);
    worker.kill();
    awaitResumption("kill -9, another takes over", System.currentTimeMillis());
    awaitAllEnded(prompts);

    assertUndisturbed(prompts);
  }

  @Test
  void shouldHandOverAtOnceWhenAWorkerIsShutDown() throws Exception {
    List<Prompt> prompts = send(100);
    WorkerProcess worker = start("mini-1");
    start("mini-2");

    awaitShare(prompts, 0.4);
    long endedAt = System.currentTimeMillis();
    worker.terminate();
    awaitResumption("SIGTERM, another takes over", endedAt);
    awaitAllEnded(prompts);

    assertUndisturbed(prompts);
  }

  @Test
  void shouldPublishNothingMoreOnceItsLanesHaveMoved() throws Exception {
    List<Prompt> prompts = send(100);
    WorkerProcess worker = start("mini-1");
    start("mini-2");

    awaitShare(prompts, 0.4);
    worker.pause();
    awaitResumption("SIGSTOP, another takes over", System.currentTimeMillis());
    worker.resume();
    awaitAllEnded(prompts);

    assertUndisturbed(prompts);
  }

  private WorkerProcess start(String id) throws IOException {
    WorkerProcess worker =
        WorkerProcess.start(kafka.bootstrapServers(), topics, id, directory, TOKENS_PER_SECOND);
    workers.add(worker);
    return worker;
  }

  /** Every fifth prompt does not stream. */
  private List<Prompt> send(int number) {
    List<Prompt> prompts =
        IntStream.range(0, number)
            .mapToObj(n ->
                Prompt.of("p" + n, "Tell me about mill " + n)
                    .model(WorkerProcess.MODEL)
                    .seed(n)
                    .maxTokens(30 + n % 50)
                    .stream(n % 5 != 4)
                    .build())
            .toList();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(client(), new StringSerializer(), new ByteArraySerializer())) {
      for (Prompt prompt : prompts) {
        producer.send(new ProducerRecord<>(topics.prompts(), prompt.id(), prompt.toJson()));
      }
    }
    return prompts;
  }

  private static Map<String, Object> client() {
    return Map.of("bootstrap.servers", kafka.bootstrapServers());
  }

  /** Waits until this share of the work is done. */
  private void awaitShare(List<Prompt> prompts, double share) {
    int all = prompts.stream().filter(Prompt::stream).mapToInt(Prompt::maxTokens).sum();
    Await.until(
        "%.0f%% of the tokens are there".formatted(100 * share),
        () -> reader.poll() == output && tokens >= share * all);
  }

  private void awaitAllEnded(List<Prompt> prompts) {
    Await.until("all prompts end", () -> reader.poll().endedCount() == prompts.size());
    // The last chunks are in another topic than the completions.
    Await.until(
        "all streams end",
        () ->
            reader.poll() == output
                && prompts.stream()
                    .filter(Prompt::stream)
                    .noneMatch(prompt -> isOpen(prompt.id())));
  }

  /** Waits until each prompt that was generated at a moment has gone on after it. */
  private void awaitResumption(String what, long moment) {
    Set<String> halted = new HashSet<>(lastWritten.keySet());
    halted.removeIf(id -> !isOpen(id));
    Map<String, Long> gaps = new HashMap<>();
    Await.until(
        "all prompts go on",
        () -> {
          reader.poll();
          for (String id : halted) {
            if (!isOpen(id) || lastWritten.get(id) > moment) {
              gaps.computeIfAbsent(id, first -> System.currentTimeMillis() - moment);
            }
          }
          return gaps.size() == halted.size();
        });
    LongStream sorted = gaps.values().stream().mapToLong(gap -> gap).sorted();
    LOG.info("{}: {} prompts go on after {} ms", what, gaps.size(), sorted.boxed().toList());
  }

  private boolean isOpen(String id) {
    List<Chunk> chunks = output.chunks(id);
    return chunks.isEmpty() || chunks.getLast().finishReason().isEmpty();
  }

  private void assertUndisturbed(List<Prompt> prompts) {
    assertThat(
            output.faults(
                prompts.stream().filter(Prompt::stream).map(Prompt::id).toList(),
                prompts.stream().filter(prompt -> !prompt.stream()).map(Prompt::id).toList()))
        .isEmpty();
    Map<String, String> undisturbed = generate(prompts);
    assertThat(prompts)
        .allSatisfy(prompt ->
            assertThat(output.completions(prompt.id()).getFirst().choices().getFirst().text())
                .isEqualTo(undisturbed.get(prompt.id())));
  }

  /** What an engine says that nobody disturbs. */
  private static Map<String, String> generate(List<Prompt> prompts) {
    Map<String, String> texts = new ConcurrentHashMap<>();
    try (SimulatedEngine engine = SimulatedEngine.start(prompts.size(), 1e6, 4_096)) {
      for (Prompt prompt : prompts) {
        engine.submit(request(prompt), event -> keepText(prompt, event, texts));
      }
      Await.until("all are generated", () -> texts.size() == prompts.size());
    }
    return texts;
  }

  private static GenerationRequest request(Prompt prompt) {
    return new GenerationRequest(
        prompt.id(),
        prompt.prompt(),
        prompt.maxTokens(),
        new Sampling(1, 1, 0, 0, prompt.seed().orElseThrow()),
        List.of(),
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  private static void keepText(Prompt prompt, GenerationEvent event, Map<String, String> texts) {
    if (event instanceof Finished finished) {
      texts.put(prompt.id(), finished.text());
    }
  }
}
