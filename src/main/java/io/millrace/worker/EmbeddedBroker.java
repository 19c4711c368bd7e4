package io.millrace.worker;

import static io.millrace.worker.LoopbackPort.HOST;
import static java.util.Map.entry;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * Apache Kafka in this process: one KRaft node, broker and controller, that listens on the loopback
 * address only and has no authentication. For {@code demo}, {@code dev} and tests.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final String NODE_ID = "1";
  private static final int ATTEMPTS = 5;
  private static final String FORMATTED = "meta.properties";

  /**
   * What a dead worker costs the others: how soon the broker aborts its transaction, which pins
   * every output partition, and how short its group session may be. The defaults are 10 s and 6 s.
   */
  public static final Map<String, String> QUICK_FAILOVER =
      Map.of(
          "transaction.abort.timed.out.transaction.cleanup.interval.ms", "200",
          "group.min.session.timeout.ms", "1000",
          "group.initial.rebalance.delay.ms", "0");

  /** Internal topics that fit one node, and little memory. */
  private static final Map<String, String> SINGLE_NODE =
      Map.ofEntries(
          entry("offsets.topic.replication.factor", "1"),
          entry("offsets.topic.num.partitions", "4"),
          entry("transaction.state.log.replication.factor", "1"),
          entry("transaction.state.log.min.isr", "1"),
          entry("transaction.state.log.num.partitions", "4"),
          entry("share.coordinator.state.topic.replication.factor", "1"),
          entry("share.coordinator.state.topic.min.isr", "1"),
          entry("share.coordinator.state.topic.num.partitions", "4"),
          entry("auto.create.topics.enable", "false"),
          entry("num.network.threads", "2"),
          entry("num.io.threads", "4"),
          entry("log.cleaner.dedupe.buffer.size", "2097152"),
          entry("log.segment.bytes", "16777216"));

  private final KafkaRaftServer server;
  private final int port;
  private final Path directory;
  private final boolean temporary;

  private EmbeddedBroker(KafkaRaftServer server, int port, Path directory, boolean temporary) {
    this.server = server;
    this.port = port;
    this.directory = directory;
    this.temporary = temporary;
  }

  /** Starts on a free port, with an empty temporary directory that is deleted on close. */
  public static EmbeddedBroker start() {
    return start(0);
  }

  /**
   * Starts with an empty temporary directory that is deleted on close.
   *
   * @param port of the broker on the loopback address; 0 takes a free one
   * @throws IllegalStateException when it does not start, for instance because the port is taken
   */
  public static EmbeddedBroker start(int port) {
    Path directory = temporaryDirectory();
    try {
      return start(directory, port, true);
    } catch (RuntimeException e) {
      delete(directory);
      throw e;
    }
  }

  /**
   * Starts with the topics that an earlier broker left in a directory; on close they stay.
   *
   * @param directory is created, and formatted when it is empty
   * @param port of the broker on the loopback address; 0 takes a free one
   * @throws IllegalStateException when it does not start, for instance because the port is taken
   */
  public static EmbeddedBroker start(Path directory, int port) {
    return start(requireNonNull(directory, "directory is null"), port, false);
  }

  private static EmbeddedBroker start(Path directory, int port, boolean temporary) {
    if (port != 0 && !LoopbackPort.isFree(port)) {
      throw new IllegalStateException(
          "port %d on %s is taken; stop what uses it, or choose another port"
              .formatted(port, HOST));
    }
    format(directory);
    // Static voters need their port in advance, so another process may take a free one meanwhile.
    for (int attempt = 1; ; attempt++) {
      int brokerPort = port == 0 ? LoopbackPort.free() : port;
      KafkaRaftServer server = server(directory, brokerPort, LoopbackPort.free());
      try {
        server.startup();
        return new EmbeddedBroker(server, brokerPort, directory, temporary);
      } catch (RuntimeException e) {
        server.shutdown();
        if (attempt == ATTEMPTS || !isBindFailure(e)) {
          throw new IllegalStateException(
              "the embedded broker did not start on %s:%d: %s"
                  .formatted(HOST, brokerPort, e.getMessage()),
              e);
        }
      }
    }
  }

  /** Where clients connect: {@code 127.0.0.1:<port>}. */
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  /** Stops the broker, waits for it, and deletes its directory when that is temporary. */
  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
    if (temporary) {
      delete(directory);
    }
  }

  private static KafkaRaftServer server(Path directory, int brokerPort, int controllerPort) {
    Map<String, String> settings = new HashMap<>(SINGLE_NODE);
    settings.putAll(QUICK_FAILOVER);
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", NODE_ID);
    settings.put(
        "listeners",
        "PLAINTEXT://%s:%d,CONTROLLER://%s:%d".formatted(HOST, brokerPort, HOST, controllerPort));
    settings.put("advertised.listeners", "PLAINTEXT://%s:%d".formatted(HOST, brokerPort));
    settings.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("inter.broker.listener.name", "PLAINTEXT");
    settings.put("controller.listener.names", "CONTROLLER");
    settings.put("controller.quorum.voters", "%s@%s:%d".formatted(NODE_ID, HOST, controllerPort));
    settings.put("log.dirs", directory.toString());
    return new KafkaRaftServer(new KafkaConfig(settings), Time.SYSTEM);
  }

  private static void format(Path directory) {
    if (Files.exists(directory.resolve(FORMATTED))) {
      return;
    }
    try {
      Files.createDirectories(directory);
      new Formatter()
          .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
          .setClusterId(Uuid.randomUuid().toString())
          .setNodeId(Integer.parseInt(NODE_ID))
          .addDirectory(directory.toString())
          .setMetadataLogDirectory(directory.toString())
          .setControllerListenerName("CONTROLLER")
          .run();
    } catch (Exception e) {
      throw new IllegalStateException(
          "cannot format %s for a broker: %s".formatted(directory, e.getMessage()), e);
    }
  }

  private static boolean isBindFailure(Throwable failure) {
    return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
        .anyMatch(cause -> cause instanceof BindException);
  }

  private static Path temporaryDirectory() {
    try {
      return Files.createTempDirectory("millrace-kafka-");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot create a temporary directory for the broker", e);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + directory, e);
    }
  }
}
