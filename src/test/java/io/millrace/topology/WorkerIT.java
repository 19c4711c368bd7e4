package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.DelegatingEngine;
import io.millrace.KafkaUnderTest;
import io.millrace.OutputChecker;
import io.millrace.OutputReader;
import io.millrace.engine.Engine;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class WorkerIT {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerIT.class);
  private static final int SLOTS = 8;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;

  private final Topics topics = new Topics(kafka.newPrefix());
  private final WatchedEngine engine = new WatchedEngine(SimulatedEngine.start(SLOTS, 400, 4_096));
  private final Queue<String> stopReasons = new ConcurrentLinkedQueue<>();
  private final List<Long> latencies = new ArrayList<>();
  private OutputReader reader;
  private OutputChecker output;
  private StreamsApp app;

  @BeforeEach
  void start() throws Exception {
    WorkerApp.createTopics(kafka, topics);
    reader =
        new OutputReader(
            kafka.bootstrapServers(), topics, (chunk, writtenAt) -> measureLatency(chunk));
    output = reader.poll();
    app = startWorker("first");
  }

  @AfterEach
  void stop() {
    app.close(WorkerApp.CLOSE_TIMEOUT);
    engine.close();
    reader.close();
  }

  @Test
  void shouldShowTokensSoonAfterTheyAreSampled() {
    List<Prompt> prompts = send(40, 100);

    awaitEnd(prompts);

    assertWhole(prompts);
    Collections.sort(latencies);
    long median = latencies.get(latencies.size() / 2);
    LOG.info(
        "From the engine's event to the reader, {} tokens: p50 {} ms, p99 {} ms",
        latencies.size(),
        median,
        latencies.get(latencies.size() * 99 / 100));
    assertThat(median).isLessThan(500);
  }

  @Test
  void shouldNotTakeMoreThanTheEngineCanWorkOn() {
    List<Prompt> prompts = send(200, 4);

    awaitEnd(prompts);

    assertWhole(prompts);
    assertThat(engine.most()).isBetween(SLOTS, SLOTS + SLOTS / 4);
  }

  @Test
  void shouldGoOnWhenTheStreamThreadDies() {
    List<Prompt> prompts = send(20, 200);
    Await.until("all slots are busy", () -> reader.poll().chunkCount() > 100);

    engine.failOnce();
    awaitEnd(prompts);

    assertThat(engine.hasFailed()).isTrue();
    assertWhole(prompts);
  }

  @Test
  void shouldStopWhenAnotherProcessHasItsId() {
    List<Prompt> prompts = send(10, 200);
    Await.until("the first works", () -> reader.poll().chunkCount() > 10);

    StreamsApp second = startWorker("second");
    Await.until("the first stops", () -> stopReasons.size() == 1);
    awaitEnd(prompts);
    second.close(WorkerApp.CLOSE_TIMEOUT);

    assertThat(stopReasons).singleElement().asString().contains("worker.id mini-1");
    assertWhole(prompts);
  }

  private StreamsApp startWorker(String stateDir) {
    return WorkerApp.start(
        kafka.bootstrapServers(),
        topics,
        "mini-1",
        directory.resolve(stateDir),
        engine,
        stopReasons::add);
  }

  private List<Prompt> send(int number, int tokens) {
    List<Prompt> prompts =
        IntStream.range(0, number)
            .mapToObj(n ->
                Prompt.of("p" + n, "Mill " + n)
                    .model(WorkerApp.MODEL)
                    .seed(n)
                    .maxTokens(tokens)
                    .build())
            .toList();
    WorkerApp.send(kafka.bootstrapServers(), topics, prompts);
    return prompts;
  }

  private void awaitEnd(List<Prompt> prompts) {
    Await.until(
        "all prompts end",
        () ->
            reader.poll().endedCount() == prompts.size()
                && prompts.stream()
                    .map(prompt -> output.chunks(prompt.id()))
                    .allMatch(chunks ->
                        !chunks.isEmpty() && chunks.getLast().finishReason().isPresent()));
  }

  private void assertWhole(List<Prompt> prompts) {
    assertThat(output.faults(prompts.stream().map(Prompt::id).toList(), List.of())).isEmpty();
  }

  private void measureLatency(Chunk chunk) {
    long now = System.nanoTime();
    for (int token = 0; token < chunk.tokens().size(); token++) {
      long sampled = engine.sampledAt(chunk.id()).remove();
      latencies.add(TimeUnit.NANOSECONDS.toMillis(now - sampled));
    }
  }

  /** Notes when tokens were sampled and how much the engine had to do, and can fail once. */
  private static final class WatchedEngine extends DelegatingEngine {
    private final Map<String, Queue<Long>> sampled = new ConcurrentHashMap<>();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicBoolean failing = new AtomicBoolean();
    private final AtomicBoolean failed = new AtomicBoolean();

    WatchedEngine(Engine engine) {
      super(engine);
    }

    Queue<Long> sampledAt(String id) {
      return sampled.computeIfAbsent(id, first -> new ConcurrentLinkedQueue<>());
    }

    int most() {
      return most.get();
    }

    void failOnce() {
      failing.set(true);
    }

    boolean hasFailed() {
      return failed.get();
    }

    @Override
    public Generation submit(
        GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      Generation generation =
          engine.submit(
              request,
              event -> {
                if (event instanceof Tokens) {
                  sampledAt(request.id()).add(System.nanoTime());
                }
                listener.accept(event);
              });
      EngineStatus status = engine.status();
      most.accumulateAndGet(status.running() + status.waiting(), Math::max);
      return generation;
    }

    /** Asked by the stream thread for each heartbeat. */
    @Override
    public EngineStatus status() {
      if (failing.compareAndSet(true, false)) {
        failed.set(true);
        throw new IllegalStateException("broken for once");
      }
      return engine.status();
    }
  }
}
