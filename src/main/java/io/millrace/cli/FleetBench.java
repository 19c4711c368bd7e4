package io.millrace.cli;

import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.worker.EmbeddedBroker;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Measures a fleet of simulated workers on one machine: everything but the models is real. Prompts
 * are published all at once, so that every worker is always busy, or at random times at a share of
 * what the fleet can do.
 */
final class FleetBench {
  private static final String MODEL = "simulated";
  private static final int CONTEXT_LENGTH = 4_096;
  private static final int MIN_TOKENS = 32;
  private static final int MAX_TOKENS = 96;
  private static final Duration READY_TIMEOUT = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(20);

  /** Share of a measurement in which the fleet gets going. */
  private static final double WARM_UP = 0.25;

  private final EmbeddedBroker broker;
  private final int slots;
  private final Duration duration;
  private final Optional<Double> load;

  /**
   * @param slots of each worker
   * @param duration of a measurement; many times that of a prompt
   * @param load share of the fleet's speed at which prompts arrive; empty: all at once
   */
  FleetBench(EmbeddedBroker broker, int slots, Duration duration, Optional<Double> load) {
    this.broker = broker;
    this.slots = slots;
    this.duration = duration;
    this.load = load;
  }

  /**
   * One measurement.
   *
   * @param speeds of the workers, tokens/s
   * @param tokensPerSecond that came out
   * @param shares of the tokens, by worker
   * @param waitMillis from publication to the first text, of each prompt, ascending
   */
  record Result(
      List<Double> speeds, double tokensPerSecond, List<Double> shares, long[] waitMillis) {
    double sumOfSpeeds() {
      return speeds.stream().mapToDouble(speed -> speed).sum();
    }

    long waitMillis(double quantile) {
      int index = (int) Math.min(waitMillis.length - 1, quantile * waitMillis.length);
      return waitMillis.length == 0 ? 0 : waitMillis[index];
    }
  }

  /**
   * Runs a fleet for the duration.
   *
   * @param name of the measurement, unlike any other on this broker
   * @param speeds of the workers, tokens/s
   */
  Result measure(String name, List<Double> speeds) throws InterruptedException {
    Topics topics = new Topics(name + ".");
    createTopics(topics);
    List<Runnable> parts = new ArrayList<>();
    try {
      Settings settings = settings(topics);
      List<Node> nodes = new ArrayList<>();
      nodes.add(Node.startRouter(settings.with(Settings.WORKER_ID, "router")));
      parts.add(nodes.getFirst()::close);
      for (int i = 0; i < speeds.size(); i++) {
        SimulatedEngine engine = SimulatedEngine.start(slots, speeds.get(i), CONTEXT_LENGTH);
        parts.add(engine::close);
        Node node = Node.startWorker(settings.with(Settings.WORKER_ID, worker(i)), MODEL, engine);
        nodes.add(node);
        parts.add(node::close);
      }
      for (Node node : nodes) {
        if (!node.awaitReady(READY_TIMEOUT)) {
          throw new IllegalStateException("a worker did not get ready");
        }
      }
      return new FleetRun(speeds).measure(topics);
    } finally {
      // Workers before the router, so that they tell it that they go.
      parts.reversed().forEach(Runnable::run);
    }
  }

  private Settings settings(Topics topics) {
    return Settings.defaults()
        .with(Settings.BOOTSTRAP_SERVERS, broker.bootstrapServers())
        .with(Settings.TOPICS_PREFIX, topics.prefix())
        .with(Settings.WORKER_ROUTES, "false")
        .with(Settings.METRICS_PORT, "off");
  }

  private void createTopics(Topics topics) {
    TopicContract contract = TopicContract.load(topics);
    try (TopicAdmin admin =
        new TopicAdmin(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
      admin.create(contract.shared(), TopicAdmin.BROKER_DEFAULT);
      admin.create(List.of(contract.work(MODEL)), TopicAdmin.BROKER_DEFAULT);
    }
  }

  private KafkaProducer<String, byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", broker.bootstrapServers()),
        new StringSerializer(),
        new ByteArraySerializer());
  }

  private KafkaConsumer<String, byte[]> consumer(Topics topics) {
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    consumer.assign(
        Stream.of(topics.chunks(), topics.completions())
            .flatMap(topic -> consumer.partitionsFor(topic).stream())
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList());
    return consumer;
  }

  private static String worker(int i) {
    return "worker-" + i;
  }

  /** One fleet at work. */
  private final class FleetRun {
    private final List<Double> speeds;
    private final double promptsPerSecond;
    private final SplittableRandom random = new SplittableRandom(1);
    private final Map<String, Long> publishedAt = new HashMap<>();
    private final Map<String, Long> waits = new HashMap<>();
    private final Map<String, Integer> tokens = new HashMap<>();
    private final Map<String, String> workers = new HashMap<>();
    private long nextAt = System.nanoTime();
    private boolean isMeasured;

    FleetRun(List<Double> speeds) {
      this.speeds = speeds;
      double speed = speeds.stream().mapToDouble(each -> each).sum();
      promptsPerSecond = load.orElse(1.0) * speed * 2 / (MIN_TOKENS + MAX_TOKENS);
    }

    Result measure(Topics topics) {
      try (KafkaProducer<String, byte[]> producer = producer();
          KafkaConsumer<String, byte[]> consumer = consumer(topics)) {
        goOn(producer, consumer, topics, System.nanoTime() + share(WARM_UP));
        isMeasured = true;
        long from = System.nanoTime();
        goOn(producer, consumer, topics, from + share(1 - WARM_UP));
        double seconds = (System.nanoTime() - from) / 1e9;
        isMeasured = false;
        long measured = tokens.values().stream().mapToLong(Integer::longValue).sum();
        while (!workers.keySet().containsAll(tokens.keySet())) {
          read(consumer, topics);
        }
        long[] sorted = waits.values().stream().mapToLong(Long::longValue).sorted().toArray();
        return new Result(speeds, measured / seconds, shares(measured), sorted);
      }
    }

    private long share(double share) {
      return Math.round(share * duration.toNanos());
    }

    private void goOn(
        KafkaProducer<String, byte[]> producer,
        KafkaConsumer<String, byte[]> consumer,
        Topics topics,
        long until) {
      while (System.nanoTime() < until) {
        while (isDue()) {
          publish(producer, topics);
        }
        read(consumer, topics);
      }
    }

    /** At random times, or as soon as there are not enough to keep all slots busy for a while. */
    private boolean isDue() {
      if (load.isPresent()) {
        return System.nanoTime() >= nextAt;
      }
      long underway = publishedAt.size() - (long) workers.size();
      return underway < 2L * slots * speeds.size() + 2 * promptsPerSecond;
    }

    private void publish(KafkaProducer<String, byte[]> producer, Topics topics) {
      String id = "p" + publishedAt.size();
      Prompt prompt =
          Prompt.of(id, "Tell me about mill " + id)
              .maxTokens(random.nextInt(MIN_TOKENS, MAX_TOKENS + 1))
              .build();
      producer.send(new ProducerRecord<>(topics.prompts(), id, prompt.toJson()));
      publishedAt.put(id, System.nanoTime());
      nextAt += Math.round(-Math.log(1 - random.nextDouble()) / promptsPerSecond * 1e9);
    }

    private void read(KafkaConsumer<String, byte[]> consumer, Topics topics) {
      for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
        if (record.topic().equals(topics.chunks())) {
          hear(Chunk.fromJson(record.value()));
        } else {
          hear(Completion.fromJson(record.value()));
        }
      }
    }

    private void hear(Chunk chunk) {
      if (isMeasured) {
        tokens.merge(chunk.id(), chunk.tokens().size(), Integer::sum);
        if (chunk.index() == 0) {
          long nanos = System.nanoTime() - publishedAt.get(chunk.id());
          waits.put(chunk.id(), TimeUnit.NANOSECONDS.toMillis(nanos));
        }
      }
    }

    private void hear(Completion completion) {
      if (completion.error().isPresent()) {
        throw new IllegalStateException("a prompt failed: " + completion.error().get().message());
      }
      workers.put(completion.id(), completion.worker().orElseThrow());
    }

    private List<Double> shares(double measured) {
      Map<String, Integer> byWorker = new HashMap<>();
      tokens.forEach((id, number) -> byWorker.merge(workers.get(id), number, Integer::sum));
      return IntStream.range(0, speeds.size())
          .mapToObj(i -> byWorker.getOrDefault(worker(i), 0) / measured)
          .toList();
    }
  }
}
