package io.millrace.cli;

import io.millrace.engine.simulated.SimulatedEngine;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
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

  /**
   * Ends of the part that is measured, as shares of all prompts: the rest warms up and runs out.
   */
  private static final double FROM = 0.2;

  private static final double TO = 0.8;

  private final EmbeddedBroker broker;
  private final int slots;
  private final Duration duration;
  private final Optional<Double> load;

  /**
   * @param slots of each worker
   * @param duration about how long a measurement takes
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
   * @param waitMillis time that prompts have waited before they were generated, ascending
   */
  record Result(
      List<Double> speeds, double tokensPerSecond, List<Double> shares, long[] waitMillis) {
    double sumOfSpeeds() {
      return speeds.stream().mapToDouble(speed -> speed).sum();
    }

    long waitMillis(double quantile) {
      return waitMillis[(int) Math.min(waitMillis.length - 1, quantile * waitMillis.length)];
    }
  }

  /** A completion as it was read. */
  private record Ended(long atNanos, String worker, int tokens, long waitMillis) {}

  /**
   * Runs a fleet until it has generated for the duration.
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
      return result(speeds, run(topics, speeds.stream().mapToDouble(speed -> speed).sum()));
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

  private List<Ended> run(Topics topics, double speed) {
    double rate = load.orElse(1.0) * speed * 2 / (MIN_TOKENS + MAX_TOKENS);
    int prompts = (int) Math.max(20, duration.toMillis() / 1e3 * rate);
    SplittableRandom random = new SplittableRandom(1);
    Map<String, Long> published = new HashMap<>();
    List<Ended> ended = new ArrayList<>();
    try (KafkaProducer<String, byte[]> producer = producer();
        KafkaConsumer<String, byte[]> consumer = consumer(topics)) {
      long next = System.nanoTime();
      while (ended.size() < prompts) {
        while (published.size() < prompts && System.nanoTime() >= next) {
          String id = "p" + published.size();
          int tokens = random.nextInt(MIN_TOKENS, MAX_TOKENS + 1);
          Prompt prompt =
              Prompt.of(id, "Tell me about mill " + id).maxTokens(tokens).stream(false).build();
          producer.send(new ProducerRecord<>(topics.prompts(), id, prompt.toJson()));
          published.put(id, System.nanoTime());
          if (load.isPresent()) {
            next += Math.round(-Math.log(1 - random.nextDouble()) / rate * 1e9);
          }
        }
        for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
          ended.add(ended(record, published.get(record.key())));
        }
      }
    }
    return ended;
  }

  private static Ended ended(ConsumerRecord<String, byte[]> record, long publishedNanos) {
    long now = System.nanoTime();
    Completion completion = Completion.fromJson(record.value());
    var timings =
        completion
            .timings()
            .orElseThrow(() ->
                new IllegalStateException(
                    "a prompt failed: " + completion.error().orElseThrow().message()));
    double total = (now - publishedNanos) / 1e6;
    return new Ended(
        now,
        completion.worker().orElseThrow(),
        completion.usage().orElseThrow().completionTokens(),
        Math.round(Math.max(0, total - timings.prefillMillis() - timings.decodeMillis())));
  }

  private Result result(List<Double> speeds, List<Ended> ended) {
    List<Ended> measured = ended.subList((int) (FROM * ended.size()), (int) (TO * ended.size()));
    double seconds = (measured.getLast().atNanos() - measured.getFirst().atNanos()) / 1e9;
    long tokens = measured.stream().skip(1).mapToLong(Ended::tokens).sum();
    Map<String, Long> byWorker = new TreeMap<>();
    measured.forEach(end -> byWorker.merge(end.worker(), (long) end.tokens(), Long::sum));
    double all = byWorker.values().stream().mapToLong(Long::longValue).sum();
    List<Double> shares = new ArrayList<>();
    for (int i = 0; i < speeds.size(); i++) {
      shares.add(byWorker.getOrDefault(worker(i), 0L) / all);
    }
    long[] waits = measured.stream().mapToLong(Ended::waitMillis).toArray();
    Arrays.sort(waits);
    return new Result(speeds, tokens / seconds, shares, waits);
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
        consumer.partitionsFor(topics.completions()).stream()
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList());
    return consumer;
  }

  private static String worker(int i) {
    return "worker-" + i;
  }
}
