package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.millrace.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

  /** What the container does before its broker, when there was one before. */
  private static final Pattern CONTROLLER_ALONE = Pattern.compile("\\s(KAFKA_[A-Z_]+)=(\\S+)");

  /** What a controller says when it gives up a broker that has gone. */
  private static final String FENCED = "handleBrokerFenced: changing";

  private final Path directory;
  private final Map<String, String> settings;
  private final int port;
  private final TcpProxy proxy;
  private JavaProcess process;
  private int restarts;

  private BrokerProcess(Path directory, Map<String, String> settings, int port, TcpProxy proxy)
      throws IOException {
    this.directory = directory;
    this.settings = settings;
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
    BrokerProcess broker = new BrokerProcess(directory, settings, port, proxy);
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

  /**
   * SIGKILL, and starts it again on what it left, as the container would; returns once it listens.
   */
  void killAndRestart() throws IOException, InterruptedException {
    process.kill();
    restart();
  }

  /** SIGTERM, and starts it again as the container would; returns once it listens. */
  void stopAndRestart() throws IOException, InterruptedException {
    process.terminate();
    restart();
  }

  private void restart() throws IOException, InterruptedException {
    letControllerFenceBroker();
    process = launch();
    awaitListening();
  }

  @Override
  public void close() {
    process.kill();
    proxy.close();
  }

  private JavaProcess launch() throws IOException {
    return launch(
        "broker", settings, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dkafka.log.level=ERROR");
  }

  /** See {@code docker-compose.yml}. */
  private void letControllerFenceBroker() throws IOException, InterruptedException {
    Map<String, String> alone = new TreeMap<>(settings);
    alone.remove("advertised.listeners");
    alone.putAll(controllerAlone());
    String listener = settings.get("listeners");
    alone.put("listeners", listener.substring(listener.indexOf("CONTROLLER:")));
    Path log = directory.resolve("controller-%d.log".formatted(restarts++));
    JavaProcess controller =
        launch(
            "controller",
            alone,
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-Dkafka.log.level=INFO",
            "-Dmillrace.log.file=" + log,
            "-Dlog4j2.configurationFile=config/log4j2.xml");
    Await.until("the controller gives the broker up", () -> says(log, FENCED));
    // It says so before it writes it down, and then something more every half second.
    long bytes = metadataBytes();
    Await.until("the controller has written it down", () -> metadataBytes() > bytes);
    controller.terminate();
  }

  private JavaProcess launch(String name, Map<String, String> settings, String... options)
      throws IOException {
    Properties properties = new Properties();
    properties.putAll(settings);
    Path configuration = directory.resolve(name + ".properties");
    try (var out = Files.newBufferedWriter(configuration, UTF_8)) {
      properties.store(out, null);
    }
    return JavaProcess.start(
        directory.resolve(name + ".log"),
        List.of(options),
        List.of("kafka.Kafka", configuration.toString()));
  }

  private long metadataBytes() {
    try (Stream<Path> files =
        Files.list(directory.resolve("data").resolve("__cluster_metadata-0"))) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the metadata of the broker", e);
    }
  }

  private static boolean says(Path log, String words) {
    try {
      return Files.exists(log) && Files.readString(log).contains(words);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + log, e);
    }
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
    Map<String, String> settings = new TreeMap<>();
    for (Map.Entry<String, JsonNode> variable : container().path("environment").properties()) {
      settings.put(setting(variable.getKey()), variable.getValue().textValue());
    }
    return settings;
  }

  /** Settings of the container's controller while it runs alone. */
  private static Map<String, String> controllerAlone() throws IOException {
    Map<String, String> settings = new TreeMap<>();
    Matcher variable = CONTROLLER_ALONE.matcher(container().at("/command/0").textValue());
    while (variable.find()) {
      settings.put(setting(variable.group(1)), variable.group(2));
    }
    return settings;
  }

  private static JsonNode container() throws IOException {
    return new YAMLMapper()
        .readTree(Path.of("docker-compose.yml").toFile())
        .required("services")
        .required("kafka");
  }

  private static String setting(String variable) {
    return variable.replaceFirst("^KAFKA_", "").toLowerCase(Locale.ROOT).replace('_', '.');
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(HOST))) {
      return socket.getLocalPort();
    }
  }
}
