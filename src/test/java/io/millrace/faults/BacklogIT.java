package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.Await;
import io.millrace.KafkaClients;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.worker.EmbeddedBroker;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Far more prompts at once than two workers can take. */
class BacklogIT {
  private static final Logger LOG = LoggerFactory.getLogger(BacklogIT.class);

  /**
   * More may end while urgent prompts go through, however few there are: slots are full already.
   */
  private static final int UNDERWAY = 150;

  private static final int URGENT = 20;
  private static final int MAX_TOKENS = 8;
  private static final int SLOTS = 16;
  private static final double TOKENS_PER_SECOND = 1_000;
  private static final int PRIORITIES = 5;
  private static final int SAMPLES = 8;

  /** Two records may be stamped in another order than they were decided on. */
  private static final long STAMP_MILLIS = 200;

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private final Topics topics = new Topics("");
  private final List<Node> nodes = new ArrayList<>();
  private final List<SimulatedEngine> engines = new ArrayList<>();
  private EmbeddedBroker broker;
  private Admin admin;
  private int prompts;
  private int ended;
  private int urgentEnded;
  private int endedBeforeUrgent;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start();
    admin = Admin.create(client());
    TopicContract contract = TopicContract.load(topics);
    try (TopicAdmin topicAdmin = new TopicAdmin(client())) {
      topicAdmin.create(contract.shared(), TopicAdmin.BROKER_DEFAULT);
      topicAdmin.create(List.of(contract.work("tales")), TopicAdmin.BROKER_DEFAULT);
    }
    for (String worker : List.of("mini-1", "mini-2")) {
      Settings settings =
          Settings.defaults()
              .with(Settings.BOOTSTRAP_SERVERS, broker.bootstrapServers())
              .with(Settings.WORKER_ID, worker)
              .with(Settings.METRICS_PORT, "0");
      SimulatedEngine engine = SimulatedEngine.start(SLOTS, TOKENS_PER_SECOND, 4_096);
      engines.add(engine);
      nodes.add(Node.startWorker(settings, "tales", engine));
    }
    for (Node node : nodes) {
      assertThat(node.awaitReady(Duration.ofMinutes(1))).isTrue();
    }
  }

  @AfterEach
  void stop() {
    nodes.forEach(Node::close);
    engines.forEach(SimulatedEngine::close);
    admin.close();
    http.close();
    broker.close();
  }

  @Test
  void shouldStayFlatUnderABacklogAndLetUrgentPromptsPass() throws Exception {
    watch(3_000, 150);
  }

  /** By its last sample everything would have grown that grows. */
  @Test
  @Tag("chaos")
  void shouldStayFlatUnderALargeBacklogAndLetUrgentPromptsPass() throws Exception {
    watch(50_000, 2_500);
  }

  private void watch(int number, int sampleEvery) throws Exception {
    prompts = number;
    try (KafkaConsumer<String, byte[]> consumer =
        KafkaClients.reader(broker.bootstrapServers(), topics.completions())) {
      double rebalances = settledRebalances(consumer);
      publish();
      int before = ended(consumer);

      Await.until("the urgent prompts end", () -> ended(consumer) >= 0 && urgentEnded == URGENT);
      endedBeforeUrgent = ended - urgentEnded - before;
      List<Long> memory = new ArrayList<>();
      for (int sample = 1; sample <= SAMPLES; sample++) {
        int target = sample * sampleEvery;
        Await.until("%d end".formatted(target), () -> ended(consumer) - urgentEnded >= target);
        memory.add(sample());
      }

      LOG.info(
          "{} of {} ended before the last urgent prompt; heap in MB after each {} prompts: {}",
          endedBeforeUrgent,
          prompts,
          sampleEvery,
          memory.stream().map(bytes -> bytes >> 20).toList());
      assertThat(endedBeforeUrgent).isLessThan(Math.max(UNDERWAY, prompts / 100));
      assertThat(metric("kafka_consumer_coordinator_rebalance_total")).isEqualTo(rebalances);
      assertThat(memory.getLast()).isLessThan(memory.getFirst() + (64L << 20));
    }
    assertThat(overtaken()).isZero();
  }

  /** What is measured now, after it was compared with what must hold. */
  private long sample() throws Exception {
    long lag = lag();
    int left = prompts + URGENT - ended;
    double waiting = metric("millrace_prompts_waiting");
    double inFlight = metric("millrace_worker_in_flight");
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    long used = runtime.totalMemory() - runtime.freeMemory();
    LOG.info(
        "{} ended: lag {}, waiting {}, in flight {}, heap {} MB",
        ended,
        lag,
        waiting,
        inFlight,
        used >> 20);
    assertThat(waiting).isLessThanOrEqualTo(256 + 64);
    assertThat(inFlight).isLessThanOrEqualTo(2 * (SLOTS + SLOTS / 4.0));
    assertThat(lag).isBetween(left - 1_000L, (long) left);
    return used;
  }

  private void publish() {
    try (KafkaProducer<String, byte[]> producer =
        KafkaClients.producer(broker.bootstrapServers())) {
      for (int i = 0; i < prompts; i++) {
        send(producer, topics.prompts(), "p" + i, i * 7 % PRIORITIES);
      }
      for (int i = 0; i < URGENT; i++) {
        send(producer, topics.urgentPrompts(), "urgent-" + i, 0);
      }
    }
  }

  private static void send(
      KafkaProducer<String, byte[]> producer, String topic, String id, int priority) {
    String value =
        "{\"prompt\":\"Once upon a time\",\"max_tokens\":%d,\"priority\":%d,\"stream\":false}"
            .formatted(MAX_TOKENS, priority);
    producer.send(new ProducerRecord<>(topic, id, value.getBytes(UTF_8)));
  }

  /** Reads what has come; returns how many have ended. */
  private int ended(KafkaConsumer<String, byte[]> consumer) {
    for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(50))) {
      ended++;
      urgentEnded += record.key().startsWith("urgent") ? 1 : 0;
    }
    return ended;
  }

  /** Prompts that went to a worker while one of a lower number waited in the same task. */
  private long overtaken() throws IOException {
    List<Sent> sent = new ArrayList<>();
    int tasks;
    try (KafkaConsumer<String, byte[]> consumer =
        KafkaClients.reader(broker.bootstrapServers(), topics.work("tales"))) {
      tasks = consumer.partitionsFor(topics.prompts()).size();
      Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          var work = json.readTree(record.value());
          int priority =
              record.key().startsWith("urgent") ? -1 : work.at("/prompt/priority").asInt();
          int task = BuiltInPartitioner.partitionForKey(record.key().getBytes(UTF_8), tasks);
          sent.add(new Sent(task, priority, work.path("accepted_at").asLong(), record.timestamp()));
        }
      }
    }
    sent.sort(Comparator.comparingLong(Sent::sentAt));
    long overtaken = 0;
    for (int i = 0; i < sent.size(); i++) {
      Sent late = sent.get(i);
      for (int j = i - 1; j >= 0 && sent.get(j).sentAt() > late.acceptedAt() + STAMP_MILLIS; j--) {
        Sent early = sent.get(j);
        boolean isBefore = early.sentAt() < late.sentAt() - STAMP_MILLIS;
        boolean isSameTask = early.task() == late.task();
        overtaken += isSameTask && isBefore && early.priority() > late.priority() ? 1 : 0;
      }
    }
    return overtaken;
  }

  private record Sent(int task, int priority, long acceptedAt, long sentAt) {}

  /** Records of both inputs that the routers have not taken. */
  private long lag() throws ExecutionException, InterruptedException {
    var taken =
        admin.listConsumerGroupOffsets("millrace-router").partitionsToOffsetAndMetadata().get();
    long lag = 0;
    for (String topic : List.of(topics.prompts(), topics.urgentPrompts())) {
      TopicPartition partition = new TopicPartition(topic, 0);
      long end =
          admin
              .listOffsets(Map.of(partition, OffsetSpec.latest()))
              .all()
              .get()
              .get(partition)
              .offset();
      lag += end - (taken.get(partition) == null ? 0 : taken.get(partition).offset());
    }
    return lag;
  }

  /** Rebalances so far, once there are no more of those that come with the start. */
  private double settledRebalances(KafkaConsumer<String, byte[]> consumer) throws Exception {
    try (KafkaProducer<String, byte[]> producer =
        KafkaClients.producer(broker.bootstrapServers())) {
      send(producer, topics.prompts(), "first", 0);
    }
    Await.until("the first prompt ends", () -> ended(consumer) == 1);
    ended = 0;
    return metric("kafka_consumer_coordinator_rebalance_total");
  }

  /** The sum of a metric over both processes. */
  private double metric(String name) throws IOException, InterruptedException {
    double sum = 0;
    for (Node node : nodes) {
      int port = node.opsAddress().orElseThrow().getPort();
      String page =
          http.send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/metrics".formatted(port)))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      sum +=
          page.lines()
              .filter(line -> line.startsWith(name))
              .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
              .sum();
    }
    return sum;
  }

  private Map<String, Object> client() {
    return Map.of("bootstrap.servers", broker.bootstrapServers());
  }
}
