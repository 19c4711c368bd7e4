package io.millrace;

import io.millrace.worker.EmbeddedBroker;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;

/**
 * A real Kafka broker that all test classes of a run share: a container when a Docker engine
 * answers, else the embedded broker. Tests keep apart by {@linkplain #newPrefix() topic prefixes}.
 *
 * <pre>{@code
 * @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();
 * }</pre>
 */
public final class KafkaUnderTest implements BeforeAllCallback {
  private static final String IMAGE = "apache/kafka:4.3.1";
  private static final AtomicInteger PREFIXES = new AtomicInteger();

  private Broker broker;

  @Override
  public void beforeAll(ExtensionContext context) {
    broker =
        context
            .getRoot()
            .getStore(ExtensionContext.Namespace.create(KafkaUnderTest.class))
            .computeIfAbsent(Broker.class, key -> Broker.start(), Broker.class);
  }

  /** Where clients connect. */
  public String bootstrapServers() {
    return broker.bootstrapServers();
  }

  /**
   * A prefix for topics and application ids that no other test of this run has, such as {@code
   * t7.}.
   */
  public String newPrefix() {
    return "t" + PREFIXES.incrementAndGet() + ".";
  }

  /** Creates topics and waits until they are there. */
  public void createTopics(NewTopic... topics) throws InterruptedException, ExecutionException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
      admin.createTopics(Arrays.asList(topics)).all().get();
      // The controller has them at once, the broker a little later.
      List<String> names = Arrays.stream(topics).map(NewTopic::name).toList();
      Await.until("topics are there", () -> listTopics(admin).containsAll(names));
    }
  }

  /** Creates topics with one partition each and waits until they are there. */
  public void createTopics(String... names) throws InterruptedException, ExecutionException {
    List<NewTopic> topics =
        Arrays.stream(names).map(name -> new NewTopic(name, 1, (short) 1)).toList();
    createTopics(topics.toArray(NewTopic[]::new));
  }

  private static Set<String> listTopics(Admin admin) {
    try {
      return admin.listTopics().names().get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private record Broker(String bootstrapServers, Runnable stop) implements AutoCloseable {
    static Broker start() {
      if (!DockerClientFactory.instance().isDockerAvailable()) {
        EmbeddedBroker embedded = EmbeddedBroker.start();
        return new Broker(embedded.bootstrapServers(), embedded::close);
      }
      KafkaContainer container = new KafkaContainer(IMAGE);
      EmbeddedBroker.QUICK_FAILOVER.forEach(
          (key, value) -> container.withEnv("KAFKA_" + key.replace('.', '_').toUpperCase(), value));
      container.withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false");
      container.start();
      return new Broker(container.getBootstrapServers(), container::stop);
    }

    @Override
    public void close() {
      stop.run();
    }
  }
}
