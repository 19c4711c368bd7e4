package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.millrace.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * A real broker in a process of its own, as Kafka's own script starts it, with the settings of
 * {@code docker-compose.yml}. It listens twice: directly, and for clients behind a {@link
 * TcpProxy}, whose address it tells those.
 */
final class BrokerProcess implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final String NODE_ID = "1";

  private final Path directory;
  private final Path configuration;
  private final int port;
  private final TcpProxy proxy;
  private JavaProcess process;

  private BrokerProcess(Path directory, Path configuration, int port, TcpProxy proxy)
      throws IOException {
    this.directory = directory;
    this.configuration = configuration;
    this.port = port;
    this.proxy = proxy;
    this.process = launch();
  }

  /**
   * Formats a directory and starts a broker there.
   *
   * @param directory is created; holds the broker's log too
   */
  static BrokerProcess start(Path directory) throws Exception {
    Path data = Files.createDirectories(directory.resolve("data"));
    new Formatter()
        .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, UTF_8))
        .setClusterId(Uuid.randomUuid().toString())
        .setNodeId(Integer.parseInt(NODE_ID))
        .addDirectory(data.toString())
        .setMetadataLogDirectory(data.toString())
        .setControllerListenerName("CONTROLLER")
        .run();
    int port = freePort();
    int proxied = freePort();
    int controller = freePort();
    TcpProxy proxy = TcpProxy.start(proxied);
    Map<String, String> settings = composeSettings();
    settings.put(
        "listeners",
        "DIRECT://%1$s:%2$d,PROXIED://%1$s:%3$d,CONTROLLER://%1$s:%4$d"
            .formatted(HOST, port, proxied, controller));
    settings.put(
        "advertised.listeners",
        "DIRECT://%1$s:%2$d,PROXIED://%1$s:%3$d".formatted(HOST, port, proxy.port()));
    settings.put(
        "listener.security.protocol.map",
        "DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT");
    settings.put("inter.broker.listener.name", "DIRECT");
    settings.put("controller.quorum.voters", "%s@%s:%d".formatted(NODE_ID, HOST, controller));
    settings.put("log.dirs", data.toString());
    Properties properties = new Properties();
    properties.putAll(settings);
    Path configuration = directory.resolve("server.properties");
    try (var out = Files.newBufferedWriter(configuration, UTF_8)) {
      properties.store(out, null);
    }
    BrokerProcess broker = new BrokerProcess(directory, configuration, port, proxy);
    broker.awaitListening();
    return broker;
  }

  /** Where clients connect. */
  String bootstrapServers() {
    return HOST + ":" + port;
  }

  /** Where clients connect that {@link #proxy} can cut off. */
  String proxiedBootstrapServers() {
    return HOST + ":" + proxy.port();
  }

  TcpProxy proxy() {
    return proxy;
  }

  /** SIGKILL, and starts it again on what it left; returns once it listens. */
  void killAndRestart() throws IOException {
    process.kill();
    process = launch();
    awaitListening();
  }

  /** SIGTERM, and starts it again; returns once it listens. */
  void stopAndRestart() throws IOException, InterruptedException {
    process.terminate();
    process = launch();
    awaitListening();
  }

  @Override
  public void close() {
    process.kill();
    proxy.close();
  }

  private JavaProcess launch() throws IOException {
    return JavaProcess.start(
        directory.resolve("broker.log"),
        List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dkafka.log.level=ERROR"),
        List.of("kafka.Kafka", configuration.toString()));
  }

  private void awaitListening() {
    Await.until("the broker listens", () -> process.isAlive() && isListening());
  }

  private boolean isListening() {
    try (Socket socket = new Socket(HOST, port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Settings of the container, whose variables are named {@code KAFKA_} and the setting. */
  private static Map<String, String> composeSettings() throws IOException {
    JsonNode compose = new YAMLMapper().readTree(Path.of("docker-compose.yml").toFile());
    Map<String, String> settings = new TreeMap<>();
    for (Map.Entry<String, JsonNode> variable :
        compose.required("services").at("/kafka/environment").properties()) {
      String name = variable.getKey().replaceFirst("^KAFKA_", "").toLowerCase(Locale.ROOT);
      settings.put(name.replace('_', '.'), variable.getValue().textValue());
    }
    return settings;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(HOST))) {
      return socket.getLocalPort();
    }
  }
}
