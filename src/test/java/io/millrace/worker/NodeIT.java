package io.millrace.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.engine.Engine;
import io.millrace.engine.EngineInfo;
import io.millrace.engine.EngineStatus;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class NodeIT {
  private static final int SLOTS = 4;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private final Topics topics = new Topics(kafka.newPrefix());
  private final TopicContract contract = TopicContract.load(topics);
  private final Settings settings =
      Settings.defaults()
          .with(Settings.BOOTSTRAP_SERVERS, kafka.bootstrapServers())
          .with(Settings.TOPICS_PREFIX, topics.prefix())
          .with(Settings.WORKER_ID, "mini-1")
          .with(Settings.SESSION_TIMEOUT, "3s")
          .with(Settings.WORKER_HEARTBEAT_INTERVAL, "200ms")
          .with(Settings.METRICS_PORT, "0");
  private final List<Completion> completions = new ArrayList<>();
  private Engine engine;
  private TopicAdmin admin;
  private KafkaProducer<String, byte[]> producer;

  @BeforeEach
  void start() {
    engine = SimulatedEngine.start(SLOTS, 400, 512);
    admin = new TopicAdmin(Map.of("bootstrap.servers", kafka.bootstrapServers()));
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers(), "max.request.size", 2 << 20),
            new StringSerializer(),
            new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    producer.close();
    admin.close();
    engine.close();
  }

  @Test
  void shouldTurnPromptsIntoCompletions() throws Exception {
    createTopics();
    publish(20);

    try (Node node = Node.startWorker(settings, "tales", engine);
        KafkaConsumer<String, byte[]> consumer = completionsConsumer()) {
      Await.until("all are complete", () -> poll(consumer) && completions.size() >= 20);

      assertThat(completions).extracting(Completion::id).doesNotHaveDuplicates();
      assertThat(completions)
          .allSatisfy(completion -> {
            assertThat(completion.error()).isEmpty();
            assertThat(completion.worker()).contains("mini-1");
            assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(4);
          });
      assertThat(node.awaitReady(Duration.ofSeconds(30))).isTrue();
      assertThat(get(node, "/health").statusCode()).isEqualTo(200);
      assertThat(get(node, "/health").body()).contains("engine", "router", "worker");
      assertThat(get(node, "/metrics").body())
          .contains("millrace_prompts_accepted_total 20.0")
          .contains("millrace_engine_running{model=\"tales\"}")
          .contains("kafka_stream");
    }
  }

  @Test
  void shouldCreateTheLanesOfItsModel() throws Exception {
    createTopics();

    try (Node node = Node.startWorker(settings, "tales", engine)) {
      assertThat(node.opsAddress()).isPresent();
      assertThat(admin.namesThatBeginWith(topics.work("tales"))).hasSize(1);
    }
  }

  @Test
  void shouldRouteToAWorkerElsewhere() throws Exception {
    createTopics();
    Settings worker = settings.with(Settings.WORKER_ROUTES, "false");
    Settings router = settings.with(Settings.WORKER_ID, "router-1");
    publish(3);

    try (Node working = Node.startWorker(worker, "tales", engine);
        Node routing = Node.startRouter(router);
        KafkaConsumer<String, byte[]> consumer = completionsConsumer()) {
      Await.until("all are complete", () -> poll(consumer) && completions.size() >= 3);

      assertThat(get(working, "/health").body()).doesNotContain("router");
      assertThat(get(routing, "/health").body()).doesNotContain("engine");
    }
  }

  @Test
  void shouldSayWhyItCannotGoOn() throws Exception {
    createTopics();
    AtomicBoolean healthy = new AtomicBoolean(true);

    try (Node node = Node.startWorker(settings, "tales", withHealth(healthy))) {
      assertThat(node.awaitReady(Duration.ofSeconds(60))).isTrue();
      healthy.set(false);

      assertThat(node.awaitFailure()).contains("the engine of tales");
      assertThat(get(node, "/health").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void shouldNameMissingTopicsAndTheCommandThatCreatesThem() {
    admin.create(contract.shared().subList(0, 2), TopicAdmin.BROKER_DEFAULT);

    assertThatThrownBy(() -> Node.startRouter(settings))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(topics.completions())
        .hasMessageNotContaining(topics.prompts() + ",")
        .hasMessageContaining("millrace topics create");
  }

  @Test
  void shouldRefuseInputsWithUnequalPartitions() {
    List<TopicSpec> uneven =
        contract.shared().stream()
            .map(topic ->
                topic.name().equals(topics.prompts())
                    ? new TopicSpec(topic.name(), 3, topic.configs())
                    : topic)
            .toList();
    admin.create(uneven, TopicAdmin.BROKER_DEFAULT);

    assertThatThrownBy(() -> Node.startRouter(settings))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(topics.prompts() + " has 3 partitions")
        .hasMessageContaining(topics.urgentPrompts() + " has 1");
  }

  @Test
  void shouldRefuseTopicsThatDoNotTakeTheLargestPrompt() {
    createTopics();

    assertThatThrownBy(() -> Node.startRouter(settings.with(Settings.PROMPT_MAX_BYTES, "2MiB")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("max.message.bytes")
        .hasMessageContaining("prompt.max-bytes");
  }

  @Test
  void shouldSayThatNoBrokerAnswers() {
    Settings nowhere =
        settings.with(Settings.BOOTSTRAP_SERVERS, "127.0.0.1:1").with(Settings.METRICS_PORT, "off");

    assertThatThrownBy(() -> Node.startRouter(nowhere))
        .hasMessageContaining("no Kafka broker answers at 127.0.0.1:1");
  }

  @Test
  void shouldCarryTheLargestPrompt() {
    createTopics();
    String text = "word ".repeat(((1 << 20) - 100) / 5);
    String value = "{\"prompt\":\"%s\",\"max_tokens\":1}".formatted(text);
    producer.send(new ProducerRecord<>(topics.prompts(), "large", value.getBytes(UTF_8)));
    publish(1);

    try (Node node = Node.startWorker(settings, "tales", engine);
        KafkaConsumer<String, byte[]> consumer = completionsConsumer()) {
      Await.until("both are answered", () -> poll(consumer) && completions.size() >= 2);

      assertThat(completions)
          .filteredOn(completion -> completion.id().equals("large"))
          .singleElement()
          .satisfies(completion ->
              assertThat(completion.error().orElseThrow().code())
                  .isEqualTo("context_length_exceeded"));
      assertThat(node.awaitReady(Duration.ZERO)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldRefuseToJoinAWorkerWithOtherWeights() throws Exception {
    createTopics();
    Settings other = settings.with(Settings.WORKER_ID, "mini-2");

    try (Node node = Node.startWorker(settings, "tales", engine)) {
      assertThat(node.awaitReady(Duration.ofSeconds(60))).isTrue();
      awaitHeartbeat();

      assertThatThrownBy(() -> Node.startWorker(other, "tales", new RemovedModel("tales")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("worker mini-1 serves tales with weights simulated")
          .hasMessageContaining("another name");
    }
  }

  @Test
  void shouldEndThePromptsOfARemovedModel() throws Exception {
    createTopics();
    Settings router =
        settings
            .with(Settings.WORKER_ID, "router-1")
            .with(Settings.ROUTER_HEARTBEAT_EXPIRY, "1s")
            .with(Settings.ROUTER_UNKNOWN_MODEL_TIMEOUT, "1s");
    try (Node routing = Node.startRouter(router);
        KafkaConsumer<String, byte[]> consumer = completionsConsumer()) {
      try (Node node =
          Node.startWorker(settings.with(Settings.WORKER_ROUTES, "false"), "tales", engine)) {
        assertThat(node.awaitReady(Duration.ofSeconds(60))).isTrue();
        publish(1);
        Await.until("one is complete", () -> poll(consumer) && completions.size() == 1);
      }
      publish(10, "left");

      int ended = new ModelDrain(settings, "tales", Duration.ofSeconds(3)).run();
      publish(1, "late");
      Await.until("all are answered", () -> poll(consumer) && completions.size() == 12);

      assertThat(routing.hasFailed()).isFalse();
      assertThat(ended).isEqualTo(10);
      assertThat(completions.subList(1, 12))
          .allSatisfy(completion ->
              assertThat(completion.error().orElseThrow().code()).isEqualTo("model_not_found"));
    }
  }

  private void awaitHeartbeat() {
    LiveWorkers workers =
        new LiveWorkers(Map.of("bootstrap.servers", kafka.bootstrapServers()), topics);
    Await.until("it is heard", () -> workers.find(status -> true).isPresent());
  }

  private Engine withHealth(AtomicBoolean healthy) {
    return new Engine() {
      @Override
      public Generation submit(
          GenerationRequest request, Consumer<? super GenerationEvent> listener) {
        return engine.submit(request, listener);
      }

      @Override
      public EngineInfo info() {
        return engine.info();
      }

      @Override
      public EngineStatus status() {
        EngineStatus now = engine.status();
        return new EngineStatus(
            now.running(),
            now.waiting(),
            now.queuedTokens(),
            now.tokensPerSecond(),
            now.pagesUsed(),
            now.pagesTotal(),
            healthy.get());
      }

      @Override
      public void close() {
        engine.close();
      }
    };
  }

  private void createTopics() {
    admin.create(contract.shared(), TopicAdmin.BROKER_DEFAULT);
  }

  private void publish(int prompts) {
    publish(prompts, "prompt");
  }

  private void publish(int prompts, String kind) {
    byte[] value = "{\"prompt\":\"Once upon a time\",\"max_tokens\":4}".getBytes(UTF_8);
    for (int i = 0; i < prompts; i++) {
      producer.send(new ProducerRecord<>(topics.prompts(), kind + "-" + i, value));
    }
    producer.flush();
  }

  private KafkaConsumer<String, byte[]> completionsConsumer() {
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                kafka.bootstrapServers(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    Stream<PartitionInfo> partitions = consumer.partitionsFor(topics.completions()).stream();
    consumer.assign(
        partitions
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList());
    return consumer;
  }

  /** Reads what is there; true, so that a condition can follow. */
  private boolean poll(KafkaConsumer<String, byte[]> consumer) {
    for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(20))) {
      completions.add(Completion.fromJson(record.value()));
    }
    return true;
  }

  private static HttpResponse<String> get(Node node, String path) throws Exception {
    int port = node.opsAddress().orElseThrow().getPort();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
