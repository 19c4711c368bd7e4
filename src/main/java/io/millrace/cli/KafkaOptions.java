package io.millrace.cli;

import io.millrace.record.Topics;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where Kafka is, and how to talk to it: the same for every command that does. */
final class KafkaOptions {
  private static final String PASSED_ON = "kafka.";
  private static final String BOOTSTRAP_SERVERS = "bootstrap.servers";
  private static final String DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092";
  private static final String TOPICS_PREFIX = "topics.prefix";
  private static final String LOG_LEVEL = "kafka.log.level";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description =
          "Kafka brokers, separated by commas (default: kafka.bootstrap.servers of --config, else "
              + DEFAULT_BOOTSTRAP_SERVERS
              + ").")
  private String bootstrapServers;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A properties file; its kafka.* settings go to every Kafka client.")
  private Path file;

  private Map<String, String> properties;

  /** What {@code --config} holds; empty without one. */
  Map<String, String> properties() {
    if (properties == null) {
      properties = file == null ? Map.of() : read();
    }
    return properties;
  }

  /** Settings of Kafka's clients: {@code bootstrap.servers}, and what the file passes on. */
  Map<String, String> clients() {
    Map<String, String> clients = new HashMap<>();
    clients.put(BOOTSTRAP_SERVERS, DEFAULT_BOOTSTRAP_SERVERS);
    properties()
        .forEach((name, value) -> {
          if (name.startsWith(PASSED_ON)) {
            clients.put(name.substring(PASSED_ON.length()), value);
          }
        });
    if (bootstrapServers != null) {
      clients.put(BOOTSTRAP_SERVERS, bootstrapServers);
    }
    return Map.copyOf(clients);
  }

  String bootstrapServers() {
    return clients().get(BOOTSTRAP_SERVERS);
  }

  /** Names of the topics, with the file's {@code topics.prefix}. */
  Topics topics() {
    try {
      return new Topics(properties().getOrDefault(TOPICS_PREFIX, ""));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "--config %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Keeps the warnings of Kafka's clients from the terminal: a command that ends soon says itself
   * what went wrong. Works only before the first of them is made.
   */
  static void silenceClients() {
    if (System.getProperty(LOG_LEVEL) == null) {
      System.setProperty(LOG_LEVEL, "OFF");
    }
  }

  private Map<String, String> read() {
    Properties read = new Properties();
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      read.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(), "cannot read --config %s: %s".formatted(file, reason(e)), e);
    }
    Map<String, String> settings = new HashMap<>();
    read.stringPropertyNames().forEach(name -> settings.put(name, read.getProperty(name).strip()));
    return Map.copyOf(settings);
  }

  private static String reason(Exception e) {
    return e instanceof NoSuchFileException ? "there is no such file" : e.getMessage();
  }
}
