package io.millrace.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.DelegatingEngine;
import io.millrace.KafkaClients;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.worker.EmbeddedBroker;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How soon a reader who sees only what is committed has a token that a busy worker sampled. */
@Tag("chaos")
class ChunkLatencyIT {
  private static final Logger LOG = LoggerFactory.getLogger(ChunkLatencyIT.class);
  private static final String MODEL = "tales";
  private static final int SLOTS = 16;
  private static final int TOKENS_PER_SECOND = 400;
  private static final int UNDERWAY = SLOTS + 4;

  /** By then the code is compiled. */
  private static final Duration WARM_UP = Duration.ofSeconds(10);

  private static final Duration MEASURED = Duration.ofSeconds(20);

  private final Topics topics = new Topics("");
  private final Map<String, Queue<Long>> sampledAt = new ConcurrentHashMap<>();
  private final Set<String> open = new HashSet<>();
  private final List<Long> millis = new ArrayList<>();
  private int sent;

  @Test
  void shouldShowTokensSoonAfterTheyAreSampled() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start();
        Engine engine =
            new TimedEngine(SimulatedEngine.start(SLOTS, TOKENS_PER_SECOND, 4_096), sampledAt)) {
      KafkaClients.createTopics(broker.bootstrapServers(), topics);
      Settings settings =
          Settings.defaults()
              .with(Settings.BOOTSTRAP_SERVERS, broker.bootstrapServers())
              .with(Settings.METRICS_PORT, "off");
      try (Node node = Node.startWorker(settings, MODEL, engine);
          KafkaProducer<String, byte[]> producer =
              KafkaClients.producer(broker.bootstrapServers());
          KafkaConsumer<String, byte[]> consumer =
              KafkaClients.reader(broker.bootstrapServers(), topics.chunks())) {
        assertThat(node.awaitReady(Duration.ofMinutes(1))).isTrue();
        goOn(producer, consumer, WARM_UP);
        millis.clear();
        goOn(producer, consumer, MEASURED);
      }
    }

    Collections.sort(millis);
    long p50 = millis.get(millis.size() / 2);
    long p99 = millis.get(millis.size() * 99 / 100);
    LOG.info(
        "From the engine's event to the reader, {} tokens: p50 {} ms, p99 {} ms, worst {} ms",
        millis.size(),
        p50,
        p99,
        millis.getLast());
    assertThat(p50).isLessThanOrEqualTo(100);
    assertThat(p99).isLessThanOrEqualTo(300);
  }

  private void goOn(
      KafkaProducer<String, byte[]> producer,
      KafkaConsumer<String, byte[]> consumer,
      Duration duration) {
    long end = System.nanoTime() + duration.toNanos();
    while (System.nanoTime() < end) {
      while (open.size() < UNDERWAY) {
        String id = "p" + sent++;
        Prompt prompt = Prompt.of(id, "Mill " + id).maxTokens(60 + sent % 80).build();
        open.add(id);
        producer.send(new ProducerRecord<>(topics.prompts(), id, prompt.toJson()));
      }
      for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(20))) {
        hear(Chunk.fromJson(record.value()), System.nanoTime());
      }
    }
  }

  private void hear(Chunk chunk, long now) {
    for (int token = 0; token < chunk.tokens().size(); token++) {
      millis.add(TimeUnit.NANOSECONDS.toMillis(now - sampledAt.get(chunk.id()).remove()));
    }
    if (chunk.finishReason().isPresent()) {
      open.remove(chunk.id());
    }
  }

  /** Notes when tokens are sampled, by prompt. */
  private static final class TimedEngine extends DelegatingEngine {
    private final Map<String, Queue<Long>> sampledAt;

    TimedEngine(Engine engine, Map<String, Queue<Long>> sampledAt) {
      super(engine);
      this.sampledAt = sampledAt;
    }

    @Override
    public Generation submit(
        GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      Queue<Long> times =
          sampledAt.computeIfAbsent(request.id(), first -> new ConcurrentLinkedQueue<>());
      return engine.submit(
          request,
          event -> {
            if (event instanceof Tokens sampled) {
              long now = System.nanoTime();
              for (int token = 0; token < sampled.tokens().length; token++) {
                times.add(now);
              }
            }
            listener.accept(event);
          });
    }
  }
}
