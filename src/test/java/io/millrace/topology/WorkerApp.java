package io.millrace.topology;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.KafkaClients;
import io.millrace.KafkaUnderTest;
import io.millrace.engine.Engine;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.record.Work;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The worker app as tests start it, and the work that a router would send it. */
final class WorkerApp {
  static final String MODEL = "tiny";
  static final int LANES = 4;
  static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

  private static final int MAX_BYTES = 1 << 20;

  private WorkerApp() {}

  /**
   * @param onStop hears why the app stops by itself
   */
  static StreamsApp start(
      String bootstrapServers,
      Topics topics,
      String worker,
      Path stateDir,
      Engine engine,
      Consumer<String> onStop) {
    WorkerTopology topology =
        new WorkerTopology(
            new WorkerSettings(
                worker, MODEL, topics, Duration.ofSeconds(1), 3, MAX_BYTES, MAX_BYTES / 2),
            engine,
            new SimpleMeterRegistry());
    StreamsSettings settings =
        new StreamsSettings(
            topics.prefix() + "worker-" + MODEL,
            bootstrapServers,
            worker,
            stateDir,
            Duration.ofSeconds(3),
            MAX_BYTES,
            Map.of());
    return StreamsApp.start(
        topology.topology(), settings, topology.gates(), topology.commits(), onStop);
  }

  static void createTopics(KafkaUnderTest kafka, Topics topics)
      throws ExecutionException, InterruptedException {
    kafka.createTopics(
        new NewTopic(topics.work(MODEL), LANES, (short) 1),
        new NewTopic(topics.chunks(), LANES, (short) 1),
        new NewTopic(topics.completions(), LANES, (short) 1),
        new NewTopic(topics.deadLetters(), 1, (short) 1),
        new NewTopic(topics.control(), 1, (short) 1),
        new NewTopic(topics.workers(), 1, (short) 1));
  }

  /** Sends prompts to the lanes in turn; their model and seed are set. */
  static void send(String bootstrapServers, Topics topics, Collection<Prompt> prompts) {
    try (KafkaProducer<String, byte[]> producer = KafkaClients.producer(bootstrapServers)) {
      int lane = 0;
      for (Prompt prompt : prompts) {
        long now = System.currentTimeMillis();
        byte[] work = new Work(prompt, now, now).toJson();
        producer.send(new ProducerRecord<>(topics.work(MODEL), lane++ % LANES, prompt.id(), work));
      }
    }
  }
}
