package io.millrace.cli;

import io.millrace.worker.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Settings of a router or worker: a file, and flags that win over it. */
final class NodeOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A file like config/worker.properties, which explains every setting.")
  private Optional<Path> file;

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Kafka brokers, separated by commas (default: localhost:9092).")
  private Optional<String> bootstrapServers;

  @Option(
      names = "--drain-timeout",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      description = "How long handing over may take at the end, such as 30s (default: 10s).")
  private Optional<Duration> drainTimeout;

  /** The file's settings, or the defaults, under these flags. */
  Settings settings() {
    Settings settings = file.map(Settings::load).orElseGet(Settings::defaults);
    if (bootstrapServers.isPresent()) {
      settings = settings.with(Settings.BOOTSTRAP_SERVERS, bootstrapServers.get());
    }
    if (drainTimeout.isPresent()) {
      String millis = drainTimeout.get().toMillis() + "ms";
      settings = settings.with(Settings.WORKER_DRAIN_TIMEOUT, millis);
    }
    return settings;
  }
}
