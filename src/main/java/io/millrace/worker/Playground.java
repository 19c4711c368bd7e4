package io.millrace.worker;

import io.millrace.engine.Engine;
import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import java.util.Map;

/**
 * All that Millrace needs on one machine: an embedded broker with the topics of the contract, a
 * router and a worker. Everything is gone when it is closed.
 */
public final class Playground implements AutoCloseable {
  private final EmbeddedBroker broker;
  private final Node node;

  private Playground(EmbeddedBroker broker, Node node) {
    this.broker = broker;
    this.node = node;
  }

  /**
   * Adds topics, router and worker to a broker. Prompts may be published when this returns; they
   * wait until router and worker have joined their groups.
   *
   * @param broker is closed with the playground
   * @param model name of the model on topics
   * @param engine stays open
   */
  public static Playground start(
      EmbeddedBroker broker, Settings settings, String model, Engine engine) {
    try {
      Settings local = local(settings, broker.bootstrapServers(), model);
      createTopics(broker.bootstrapServers());
      return new Playground(broker, Node.startWorker(local, model, engine));
    } catch (Throwable e) {
      broker.close();
      throw e;
    }
  }

  /** The router and the worker. */
  public Node node() {
    return node;
  }

  /** Where clients connect. */
  public String bootstrapServers() {
    return broker.bootstrapServers();
  }

  @Override
  public void close() {
    try {
      node.close();
    } finally {
      broker.close();
    }
  }

  /** The broker is near, and set for quick failover: dead processes are noticed sooner. */
  private static Settings local(Settings settings, String bootstrapServers, String model) {
    return settings
        .with(Settings.BOOTSTRAP_SERVERS, bootstrapServers)
        .with(Settings.TOPICS_PREFIX, "")
        .with(Settings.ROUTER_DEFAULT_MODEL, model)
        .with(Settings.SESSION_TIMEOUT, "3s")
        .with(Settings.ROUTER_HEARTBEAT_EXPIRY, "4s")
        .with(Settings.WORKER_HEARTBEAT_INTERVAL, "250ms")
        .with(Settings.WORKER_ROUTES, "true");
  }

  private static void createTopics(String bootstrapServers) {
    try (TopicAdmin admin = new TopicAdmin(Map.of("bootstrap.servers", bootstrapServers))) {
      admin.create(TopicContract.load(new Topics("")).shared(), TopicAdmin.BROKER_DEFAULT);
    }
  }
}
