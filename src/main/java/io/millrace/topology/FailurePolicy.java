package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.streams.errors.MissingSourceTopicException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an app does when its stream thread dies. A failure that may pass gets a new thread, which
 * resumes from the last commit; one that only a person can mend, and failures that keep coming,
 * stop the app with a message that says what to do.
 */
final class FailurePolicy implements StreamsUncaughtExceptionHandler {
  private static final Logger LOG = LoggerFactory.getLogger(FailurePolicy.class);
  private static final int MAX_FAILURES = 5;
  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final String instance;
  private final InstantSource clock;
  private final Consumer<String> onStop;
  private final Deque<Long> recent = new ArrayDeque<>();

  /**
   * @param instance {@code worker.id}
   * @param onStop hears why the app stops
   */
  FailurePolicy(String instance, InstantSource clock, Consumer<String> onStop) {
    this.instance = requireNonNull(instance, "instance is null");
    this.clock = requireNonNull(clock, "clock is null");
    this.onStop = requireNonNull(onStop, "onStop is null");
  }

  @Override
  public synchronized StreamThreadExceptionResponse handle(Throwable failure) {
    Optional<String> reason = causes(failure).flatMap(cause -> fatal(cause).stream()).findFirst();
    if (reason.isEmpty() && isTooFrequent()) {
      reason =
          Optional.of(
              "the stream thread failed more than %d times in %d s, at last with: %s"
                  .formatted(MAX_FAILURES, WINDOW.toSeconds(), failure));
    }
    if (reason.isPresent()) {
      LOG.error("Stopping: {}", reason.get());
      LOG.debug("The failure behind it", failure);
      onStop.accept(reason.get());
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }
    LOG.warn("The stream thread failed; a new one resumes from the last commit", failure);
    return StreamThreadExceptionResponse.REPLACE_THREAD;
  }

  private Optional<String> fatal(Throwable cause) {
    return switch (cause) {
      case FencedInstanceIdException e ->
          Optional.of(
              "another process has joined with worker.id %s; give each process its own"
                  .formatted(instance));
      case AuthenticationException e ->
          Optional.of(
              "Kafka refused the credentials: %s; check the kafka.* security settings"
                  .formatted(e.getMessage()));
      case AuthorizationException e ->
          Optional.of(
              "Kafka does not allow this: %s; grant the right to this user"
                  .formatted(e.getMessage()));
      case MissingSourceTopicException e ->
          Optional.of(
              "an input topic is missing: %s; create it with: millrace topics create"
                  .formatted(e.getMessage()));
      case UnsupportedVersionException e ->
          Optional.of("the broker is too old: %s; upgrade it".formatted(e.getMessage()));
      case ConfigException e -> Optional.of("a setting is wrong: " + e.getMessage());
      case InvalidConfigurationException e -> Optional.of("a setting is wrong: " + e.getMessage());
      case Error e -> Optional.of("the process is damaged: " + e);
      default -> Optional.empty();
    };
  }

  private boolean isTooFrequent() {
    long now = clock.millis();
    recent.addLast(now);
    while (now - recent.getFirst() > WINDOW.toMillis()) {
      recent.removeFirst();
    }
    return recent.size() > MAX_FAILURES;
  }

  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, cause -> cause != null, Throwable::getCause);
  }
}
