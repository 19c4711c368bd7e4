package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import io.millrace.record.Work;
import io.millrace.record.WorkerStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class RouterIT {
  private static final int LANES = 4;
  private static final int WAITING = 16;
  private static final String TEXT = "{\"model\":\"tales\",\"prompt\":\"Once\"}";

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path state;

  private final Topics topics = new Topics(kafka.newPrefix());
  private final List<String> troubles = new ArrayList<>();
  private final List<ConsumerRecord<String, byte[]>> work = new ArrayList<>();
  private final List<ConsumerRecord<String, byte[]>> completions = new ArrayList<>();
  private KafkaProducer<String, byte[]> producer;
  private KafkaConsumer<String, byte[]> consumer;
  private SimpleMeterRegistry registry;
  private StreamsApp router;

  @BeforeEach
  void start() throws Exception {
    kafka.createTopics(
        topics.prompts(),
        topics.urgentPrompts(),
        topics.chunks(),
        topics.completions(),
        topics.deadLetters(),
        topics.workers(),
        topics.control());
    kafka.createTopics(new NewTopic(topics.work("tales"), LANES, (short) 1));
    Map<String, Object> config =
        Map.of(
            "bootstrap.servers",
            kafka.bootstrapServers(),
            "isolation.level",
            "read_committed",
            "auto.offset.reset",
            "earliest");
    producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer());
    consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        new ArrayList<>(
            IntStream.range(0, LANES)
                .mapToObj(lane -> new TopicPartition(topics.work("tales"), lane))
                .toList());
    partitions.add(new TopicPartition(topics.completions(), 0));
    consumer.assign(partitions);
    startRouter();
  }

  @AfterEach
  void stop() {
    stopRouter();
    producer.close();
    consumer.close();
    assertThat(troubles).isEmpty();
  }

  @Test
  void shouldSendPromptsToTheLanesOfWorkersWithCredit() {
    heartbeat(1, "mini-1", 3, 0);
    heartbeat(3, "mini-2", 5, 0);
    publish(topics.prompts(), 12);

    Await.until("all credit is used", () -> poll() && work.size() == 8);
    Map<Integer, Long> first =
        work.stream().collect(groupingBy(ConsumerRecord::partition, counting()));
    heartbeat(1, "mini-1", 4, 3);
    Await.until("the rest follows", () -> poll() && work.size() == 12);

    assertThat(first).isEqualTo(Map.of(1, 3L, 3, 5L));
    assertThat(work).extracting(ConsumerRecord::key).doesNotHaveDuplicates();
  }

  @Test
  void shouldKeepWaitingPromptsOverARestart() {
    publish(topics.prompts(), 5);
    Await.until("all wait", () -> waiting() == 5);
    stopRouter();

    startRouter();
    Await.until("all wait again", () -> waiting() == 5);
    heartbeat(0, "mini-1", 8, 0);

    Await.until("all are sent", () -> poll() && work.size() == 5);
    assertThat(work)
        .extracting(ConsumerRecord::key)
        .containsExactly("prompt-0", "prompt-1", "prompt-2", "prompt-3", "prompt-4");
    assertThat(Work.fromJson(work.getFirst().value()).prompt().prompt()).isEqualTo("Once");
  }

  @Test
  void shouldLeaveTheBacklogInKafkaAndLetUrgentPromptsPass() {
    publish(topics.prompts(), 10 * WAITING);
    Await.until("the store is full", () -> waiting() == WAITING);

    producer.send(new ProducerRecord<>(topics.urgentPrompts(), "urgent", TEXT.getBytes(UTF_8)));
    Await.until("the urgent one waits too", () -> waiting() == WAITING + 1);
    heartbeat(0, "mini-1", 1, 0);
    Await.until("the first is sent", () -> poll() && !work.isEmpty());
    heartbeat(0, "mini-1", 1_000, 1);
    Await.until("all are sent", () -> poll() && work.size() == 10 * WAITING + 1);

    assertThat(work.getFirst().key()).isEqualTo("urgent");
    assertThat(work).extracting(ConsumerRecord::key).doesNotHaveDuplicates();
    assertThat(completions).isEmpty();
  }

  @Test
  void shouldAnswerWhatIsNoPromptAndGoOn() {
    heartbeat(0, "mini-1", 8, 0);
    List<String> records =
        List.of("Once", "", "[]", "{}", "{\"prompt\":\"\"}", "{\"prompt\":\"Once\",\"seed\":1.5}");
    for (int i = 0; i < records.size(); i++) {
      byte[] value = records.get(i).getBytes(UTF_8);
      producer.send(new ProducerRecord<>(topics.prompts(), "bad-" + i, value));
    }
    producer.send(new ProducerRecord<>(topics.prompts(), "bad-null", null));
    producer.send(new ProducerRecord<>(topics.prompts(), null, new byte[] {(byte) 0xff}));
    publish(topics.prompts(), 1);

    Await.until("the good one is sent", () -> poll() && work.size() == 1);
    Await.until("the others are answered", () -> poll() && completions.size() == 8);

    assertThat(completions).extracting(ConsumerRecord::key).doesNotHaveDuplicates();
    assertThat(completions)
        .extracting(record -> Completion.fromJson(record.value()).error())
        .allMatch(Optional::isPresent);
  }

  @Test
  void shouldNotSendToWorkersThatHeartbeatsOfThePastTellOf() {
    stopRouter();
    heartbeat(0, "mini-1", 8, 0);

    startRouter();
    publish(topics.prompts(), 1);
    Await.until("it waits", () -> waiting() == 1);
    poll();
    assertThat(work).isEmpty();

    heartbeat(0, "mini-1", 8, 0);
    Await.until("it is sent", () -> poll() && work.size() == 1);
  }

  private void startRouter() {
    registry = new SimpleMeterRegistry();
    RouterTopology topology =
        new RouterTopology(
            topics,
            new RouterSettings(
                1 << 20,
                WAITING,
                WAITING,
                WAITING,
                Set.of(),
                1 << 20,
                0,
                Optional.empty(),
                Duration.ofMinutes(1),
                Duration.ofMinutes(1),
                Duration.ofMinutes(1),
                1_000,
                Duration.ofMinutes(1)),
            RandomGenerator.getDefault(),
            registry);
    StreamsSettings settings =
        new StreamsSettings(
            topics.prefix() + "router",
            kafka.bootstrapServers(),
            "one",
            state,
            Duration.ofSeconds(3),
            1 << 20,
            Map.of());
    router =
        StreamsApp.start(
            topology.topology(), settings, topology.gates(), new Commits(), troubles::add);
  }

  private void stopRouter() {
    router.close(Duration.ofSeconds(20));
  }

  private long waiting() {
    return Math.round(
        registry.get("millrace.prompts.waiting").gauges().stream()
            .mapToDouble(gauge -> gauge.value())
            .sum());
  }

  private void publish(String topic, int prompts) {
    for (int i = 0; i < prompts; i++) {
      producer.send(new ProducerRecord<>(topic, "prompt-" + i, TEXT.getBytes(UTF_8)));
    }
    producer.flush();
  }

  private void heartbeat(int lane, String worker, int freeSlots, long admitted) {
    WorkerStatus status = Heartbeats.of("tales", lane, worker, freeSlots, admitted);
    producer.send(new ProducerRecord<>(topics.workers(), status.key(), status.toJson()));
    producer.flush();
  }

  /** Reads what is there; true, so that a condition can follow. */
  private boolean poll() {
    for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(20))) {
      (record.topic().equals(topics.completions()) ? completions : work).add(record);
    }
    return true;
  }
}
