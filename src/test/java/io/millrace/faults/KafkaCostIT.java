package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.DelegatingEngine;
import io.millrace.KafkaClients;
import io.millrace.engine.BatchEngine;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Sampling;
import io.millrace.engine.Transformer;
import io.millrace.model.ModelConfig;
import io.millrace.model.ModelShape;
import io.millrace.model.RandomWeights;
import io.millrace.record.Topics;
import io.millrace.tensor.DType;
import io.millrace.text.MarkedText;
import io.millrace.text.Tokenizer;
import io.millrace.worker.EmbeddedBroker;
import io.millrace.worker.ModelOptions;
import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Kafka costs the engine: the same prompts, in the shape of TinyLlama with random weights of
 * type Q8_0, straight to the engine and through the topics, in turn.
 */
@Tag("chaos")
class KafkaCostIT {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaCostIT.class);
  private static final int SLOTS = 16;
  private static final int TOKENS = 48;
  private static final int ROUNDS = 3;

  @Test
  void shouldCostLittle() throws Exception {
    ModelConfig config = ModelShape.TINYLLAMA_1_1B.config();
    ModelOptions options =
        new ModelOptions(
            BackendChoice.CPU,
            Runtime.getRuntime().availableProcessors(),
            SLOTS,
            OptionalLong.empty(),
            KvType.AUTO);
    Transformer transformer = options.load(config, new RandomWeights(config, DType.Q8_0, 1));
    BatchEngine.Settings settings = new BatchEngine.Settings(SLOTS, SLOTS * 8, "random", "test");
    try (MeasuredEngine engine =
            new MeasuredEngine(
                BatchEngine.start(
                    transformer,
                    () -> transformer,
                    new Numbers(config.vocabSize()),
                    Optional.empty(),
                    settings,
                    InstantSource.system()));
        EmbeddedBroker broker = EmbeddedBroker.start()) {
      Topics topics = new Topics("");
      KafkaClients.createTopics(broker.bootstrapServers(), topics);
      double direct = 0;
      double kafka = 0;
      try (Node node = Node.startWorker(settings(broker), "tiny", engine);
          KafkaProducer<String, byte[]> producer =
              KafkaClients.producer(broker.bootstrapServers())) {
        assertThat(node.awaitReady(Duration.ofMinutes(1))).isTrue();
        engine.run(() -> submit(engine, 0));
        for (int round = 1; round <= ROUNDS; round++) {
          int number = round;
          direct += engine.run(() -> submit(engine, number));
          kafka += engine.run(() -> publish(producer, topics, number));
        }
      }
      LOG.info(
          String.format(
              Locale.ROOT,
              "%d slots: %.1f tokens/s straight, %.1f through Kafka: %.1f%%",
              SLOTS,
              direct / ROUNDS,
              kafka / ROUNDS,
              100 * kafka / direct));
      assertThat(kafka).isGreaterThan(0.97 * direct);
    }
  }

  private static void submit(MeasuredEngine engine, int round) {
    for (int i = 0; i < SLOTS; i++) {
      GenerationRequest request =
          new GenerationRequest(
              "direct-" + round + "-" + i,
              "mill " + round + i,
              TOKENS,
              new Sampling(1, 1, 0, 0, i),
              List.of(),
              0,
              OptionalLong.empty(),
              Progress.NONE);
      engine.submit(request, event -> {});
    }
  }

  private static void publish(KafkaProducer<String, byte[]> producer, Topics topics, int round) {
    for (int i = 0; i < SLOTS; i++) {
      String id = "kafka-" + round + "-" + i;
      String value =
          "{\"prompt\":\"mill %d%d\",\"max_tokens\":%d,\"seed\":%d}".formatted(round, i, TOKENS, i);
      producer.send(new ProducerRecord<>(topics.prompts(), id, value.getBytes(UTF_8)));
    }
    producer.flush();
  }

  private static Settings settings(EmbeddedBroker broker) {
    return Settings.defaults()
        .with(Settings.BOOTSTRAP_SERVERS, broker.bootstrapServers())
        .with(Settings.WORKER_ID, "mini-1")
        .with(Settings.METRICS_PORT, "off");
  }

  /** Notes when tokens are sampled. */
  private static final class MeasuredEngine extends DelegatingEngine {
    private static final int ALL = SLOTS * TOKENS;
    private static final int FROM = ALL / 4;
    private static final int TO = ALL * 9 / 10;

    private int tokens;
    private int finished;
    private long fromNanos;
    private long toNanos;

    MeasuredEngine(Engine engine) {
      super(engine);
    }

    /** Tokens per second while all slots are busy. */
    double run(Runnable submission) {
      synchronized (this) {
        tokens = 0;
        finished = 0;
      }
      submission.run();
      Await.until("all prompts end", this::isDone);
      return (TO - FROM) * 1e9 / (toNanos - fromNanos);
    }

    private synchronized boolean isDone() {
      return finished == SLOTS;
    }

    private synchronized void hear(GenerationEvent event) {
      switch (event) {
        case Tokens sampled -> {
          tokens += sampled.tokens().length;
          fromNanos = tokens <= FROM ? System.nanoTime() : fromNanos;
          toNanos = tokens <= TO ? System.nanoTime() : toNanos;
        }
        case Finished end -> finished++;
        case Failed failed -> throw new AssertionError(failed.error().message());
      }
    }

    @Override
    public Generation submit(
        GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      return engine.submit(
          request,
          event -> {
            hear(event);
            listener.accept(event);
          });
    }
  }

  /** A token is its number; no text ends early. */
  private record Numbers(int vocabSize) implements Tokenizer {
    @Override
    public int[] encode(String text, SpecialTokens specialTokens) {
      return text.chars().map(c -> c % vocabSize).toArray();
    }

    @Override
    public int[] encodePrompt(MarkedText text) {
      return encode(text.text(), SpecialTokens.PARSE);
    }

    @Override
    public Set<Integer> endOfGeneration() {
      return Set.of();
    }

    @Override
    public byte[] bytes(int token) {
      return piece(token).getBytes(UTF_8);
    }

    @Override
    public String piece(int token) {
      return token + " ";
    }
  }
}
