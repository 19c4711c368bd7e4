package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;

/** The router app or the worker app, running. */
public final class StreamsApp {
  private final KafkaStreams streams;

  private StreamsApp(KafkaStreams streams) {
    this.streams = streams;
  }

  /**
   * Starts an app; it joins its group in the background.
   *
   * @param gates input topics that have one
   * @param commits counts the app's transactions
   * @param onStop hears why the app stops by itself, on the thread that failed
   */
  public static StreamsApp start(
      Topology topology,
      StreamsSettings settings,
      Map<String, Gate> gates,
      Commits commits,
      Consumer<String> onStop) {
    Properties config = new Properties();
    config.putAll(settings.config());
    KafkaStreams streams =
        new KafkaStreams(
            requireNonNull(topology, "topology is null"),
            config,
            new GatedClients(gates, commits, settings.transactionalId()));
    streams.setUncaughtExceptionHandler(
        new FailurePolicy(settings.instance(), InstantSource.system(), onStop));
    streams.start();
    return new StreamsApp(streams);
  }

  /** For its state and its metrics; it is closed by {@link #close}. */
  public KafkaStreams streams() {
    return streams;
  }

  /**
   * Commits, stops, and leaves the group, so that others take over at once instead of after the
   * session timeout.
   *
   * @return false when it did not stop in time
   */
  public boolean close(Duration timeout) {
    return streams.close(
        CloseOptions.timeout(timeout)
            .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP));
  }
}
