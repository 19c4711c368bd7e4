package io.millrace.worker;

import io.millrace.engine.Engine;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that Millrace needs on one machine: an embedded broker with the topics of the contract, a
 * router and a worker. Everything is gone when it is closed.
 */
public final class Playground implements AutoCloseable {
  // Before any thread is started: SLF4J warns when two of them initialize it together.
  private static final Logger LOG = LoggerFactory.getLogger(Playground.class);

  /** Of the one worker, which owns them all; each costs it time to start. */
  private static final int LANES = 4;

  private final String model;
  private final String bootstrapServers;
  private final Node node;
  private final CloseStack parts;

  private Playground(String model, String bootstrapServers, Node node, CloseStack parts) {
    this.model = model;
    this.bootstrapServers = bootstrapServers;
    this.node = node;
    this.parts = parts;
  }

  /**
   * Starts everything. Prompts may be published when this returns; they wait until router and
   * worker have joined their groups.
   *
   * @param checkpoint a model
   * @param port of the broker on the loopback address; 0 takes a free one
   * @param settings those about brokers, topics and failover are not used
   * @throws io.millrace.weights.CheckpointException when the model cannot be read
   * @throws IllegalStateException when the port is taken
   */
  public static Playground start(Path checkpoint, int port, Settings settings) {
    CloseStack parts = new CloseStack();
    // The broker and the model take a second or more each.
    CompletableFuture<EmbeddedBroker> starting =
        CompletableFuture.supplyAsync(
            () -> EmbeddedBroker.start(port),
            task -> Thread.ofPlatform().name("embedded-broker-start").start(task));
    parts.push(() -> closeOnceStarted(starting));
    try {
      LocalModel model = LocalModel.open(checkpoint, ModelOptions.of(settings));
      parts.push(model::close);
      Engine engine = model.startEngine();
      parts.push(engine::close);
      String bootstrapServers = started(starting).bootstrapServers();
      createTopics(bootstrapServers, model.name());
      Node node =
          Node.startWorker(near(settings, bootstrapServers, model.name()), model.name(), engine);
      parts.push(node::close);
      LOG.debug("Kafka, router and worker of {} run on {}", model.name(), bootstrapServers);
      return new Playground(model.name(), bootstrapServers, node, parts);
    } catch (Throwable e) {
      try {
        parts.close();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** Name of the model on topics. */
  public String model() {
    return model;
  }

  /** Where clients connect. */
  public String bootstrapServers() {
    return bootstrapServers;
  }

  /** The router and the worker. */
  public Node node() {
    return node;
  }

  @Override
  public synchronized void close() {
    parts.close();
  }

  /** The broker is near, and set for quick failover: who is gone is noticed sooner. */
  private static Settings near(Settings settings, String bootstrapServers, String model) {
    return settings
        .with(Settings.BOOTSTRAP_SERVERS, bootstrapServers)
        .with(Settings.TOPICS_PREFIX, "")
        .with(Settings.ROUTER_DEFAULT_MODEL, model)
        .with(Settings.SESSION_TIMEOUT, "3s")
        .with(Settings.ROUTER_HEARTBEAT_EXPIRY, "4s")
        .with(Settings.WORKER_HEARTBEAT_INTERVAL, "250ms")
        .with(Settings.WORKER_ROUTES, "true");
  }

  private static void createTopics(String bootstrapServers, String model) {
    TopicContract contract = TopicContract.load(new Topics(""));
    TopicSpec work = contract.work(model);
    List<TopicSpec> topics = new ArrayList<>(contract.shared());
    topics.add(new TopicSpec(work.name(), LANES, work.configs()));
    try (TopicAdmin admin = new TopicAdmin(Map.of("bootstrap.servers", bootstrapServers))) {
      admin.create(topics, TopicAdmin.BROKER_DEFAULT);
    }
  }

  private static EmbeddedBroker started(CompletableFuture<EmbeddedBroker> starting) {
    try {
      return starting.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static void closeOnceStarted(CompletableFuture<EmbeddedBroker> starting) {
    try {
      starting.join().close();
    } catch (CompletionException e) {
      // It did not start, which start() has told, and has left nothing behind.
    }
  }
}
