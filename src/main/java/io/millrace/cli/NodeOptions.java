package io.millrace.cli;

import io.millrace.worker.Setting;
import io.millrace.worker.Settings;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Settings of a router or worker: a file, and flags that win over it. */
final class NodeOptions {
  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "F",
      description = "A file like config/worker.properties, which explains every setting.")
  private Optional<Path> config;

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT,...",
      description = "Kafka's brokers (default: localhost:9092).")
  private Optional<String> bootstrapServers;

  @Option(
      names = "--drain-timeout",
      paramLabel = "TIME",
      description = "How long handing over may take at the end, such as 30s (default: 10s).")
  private Optional<String> drainTimeout;

  /** The file's settings, or the defaults, under these flags. */
  Settings settings() {
    Settings settings = config.map(Settings::load).orElseGet(Settings::defaults);
    settings = with(settings, Settings.BOOTSTRAP_SERVERS, "--bootstrap-servers", bootstrapServers);
    return with(settings, Settings.WORKER_DRAIN_TIMEOUT, "--drain-timeout", drainTimeout);
  }

  /**
   * Puts a flag's value over a setting.
   *
   * @throws ParameterException when it does not fit
   */
  Settings with(Settings settings, Setting<?> setting, String flag, Optional<String> value) {
    try {
      return value.map(text -> settings.with(setting, text)).orElse(settings);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "%s: %s".formatted(flag, e.getMessage()), e);
    }
  }
}
