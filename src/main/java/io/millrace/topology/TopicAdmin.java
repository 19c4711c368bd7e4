package io.millrace.topology;

import static java.util.stream.Collectors.toMap;

import io.millrace.topology.TopicState.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Creates topics and holds them against the contract. Topics that exist are never changed.
 *
 * <p>Every method throws {@link TopicAdminException} when the cluster does not answer or refuses.
 */
public final class TopicAdmin implements AutoCloseable {
  /** Leaves the replication factor to the broker's {@code default.replication.factor}. */
  public static final short BROKER_DEFAULT = -1;

  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration VISIBLE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration VISIBLE_POLL = Duration.ofMillis(20);

  private final String bootstrapServers;
  private final Admin admin;

  /**
   * Does not connect yet.
   *
   * @param kafka settings of Kafka's admin client
   */
  public TopicAdmin(Map<String, ?> kafka) {
    Map<String, Object> config = new HashMap<>();
    config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis(ANSWER_TIMEOUT));
    config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, millis(ANSWER_TIMEOUT) / 2);
    config.putAll(kafka);
    bootstrapServers = String.valueOf(kafka.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG));
    try {
      admin = Admin.create(config);
    } catch (KafkaException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new TopicAdminException(
          "cannot connect to Kafka at %s: %s".formatted(bootstrapServers, reason.getMessage()), e);
    }
  }

  /**
   * Creates the topics that are missing, and waits until clients see them.
   *
   * @param replicationFactor copies of each partition, or {@link #BROKER_DEFAULT}
   * @return how each topic stands, in the given order
   */
  public List<TopicState> create(List<TopicSpec> specs, short replicationFactor) {
    List<NewTopic> topics =
        specs.stream()
            .map(spec ->
                new NewTopic(spec.name(), spec.partitions(), replicationFactor)
                    .configs(spec.configs()))
            .toList();
    Set<String> created = new HashSet<>();
    admin
        .createTopics(topics)
        .values()
        .forEach((name, result) -> {
          if (!exists(name, result)) {
            created.add(name);
          }
        });
    return awaitVisible(specs).stream()
        .map(state -> created.contains(state.name()) ? state.created() : state)
        .toList();
  }

  /**
   * Looks at topics.
   *
   * @return how each stands, in the given order
   */
  public List<TopicState> describe(List<TopicSpec> specs) {
    Map<String, KafkaFuture<TopicDescription>> descriptions =
        admin.describeTopics(specs.stream().map(TopicSpec::name).toList()).topicNameValues();
    Map<String, TopicDescription> existing = new HashMap<>();
    descriptions.forEach((name, result) ->
        description(name, result).ifPresent(description -> existing.put(name, description)));
    Map<String, Map<String, String>> configs = configs(existing.keySet());
    return specs.stream()
        .map(spec -> state(spec, existing, configs.getOrDefault(spec.name(), Map.of())))
        .toList();
  }

  /** Names of all topics that begin so, in alphabetical order. */
  public Set<String> namesThatBeginWith(String prefix) {
    Set<String> names = new TreeSet<>(await("list topics", admin.listTopics().names()));
    names.removeIf(name -> !name.startsWith(prefix));
    return names;
  }

  @Override
  public void close() {
    admin.close(Duration.ZERO);
  }

  private boolean exists(String name, KafkaFuture<Void> creation) {
    try {
      creation.get();
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TopicExistsException) {
        return true;
      }
      throw failure("create topic " + name, e.getCause());
    } catch (InterruptedException e) {
      throw interrupted("create topic " + name, e);
    }
  }

  /** A broker answers a client before every broker has heard of a new topic. */
  private List<TopicState> awaitVisible(List<TopicSpec> specs) {
    long deadline = System.nanoTime() + VISIBLE_TIMEOUT.toNanos();
    List<TopicState> states = describe(specs);
    while (states.stream().anyMatch(state -> state.status() == Status.MISSING)
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(VISIBLE_POLL.toNanos());
      states = describe(specs);
    }
    return states;
  }

  private Optional<TopicDescription> description(
      String name, KafkaFuture<TopicDescription> description) {
    try {
      return Optional.of(description.get());
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return Optional.empty();
      }
      throw failure("describe topic " + name, e.getCause());
    } catch (InterruptedException e) {
      throw interrupted("describe topic " + name, e);
    }
  }

  private Map<String, Map<String, String>> configs(Set<String> names) {
    List<ConfigResource> resources =
        names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    Map<ConfigResource, Config> configs =
        await("read the settings of topics", admin.describeConfigs(resources).all());
    return configs.entrySet().stream()
        .collect(toMap(topic -> topic.getKey().name(), topic -> values(topic.getValue())));
  }

  private static Map<String, String> values(Config config) {
    return config.entries().stream()
        .filter(entry -> entry.value() != null)
        .collect(toMap(ConfigEntry::name, ConfigEntry::value));
  }

  private static TopicState state(
      TopicSpec spec, Map<String, TopicDescription> existing, Map<String, String> configs) {
    TopicDescription topic = existing.get(spec.name());
    if (topic == null) {
      return new TopicState(spec.name(), Status.MISSING, 0, 0, 0, List.of());
    }
    int partitions = topic.partitions().size();
    List<String> differences = new ArrayList<>();
    if (partitions != spec.partitions()) {
      differences.add(difference("partitions", Integer.toString(partitions), spec.partitions()));
    }
    for (String name : new TreeSet<>(spec.configs().keySet())) {
      String expected = spec.configs().get(name);
      String found = configs.getOrDefault(name, "unknown");
      if (!isSame(name, found, expected)) {
        differences.add(difference(name, found, expected));
      }
    }
    return new TopicState(
        spec.name(),
        differences.isEmpty() ? Status.EXISTS : Status.DIFFERS,
        partitions,
        topic.partitions().getFirst().replicas().size(),
        Integer.parseInt(configs.getOrDefault(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "0")),
        differences);
  }

  private static boolean isSame(String name, String found, String expected) {
    return name.equals(TopicConfig.CLEANUP_POLICY_CONFIG)
        ? Set.copyOf(Arrays.asList(found.split(","))).equals(Set.of(expected.split(",")))
        : found.equals(expected);
  }

  private static String difference(String name, String found, Object expected) {
    return "%s is %s, the contract says %s".formatted(name, found, expected);
  }

  private <T> T await(String what, KafkaFuture<T> result) {
    try {
      return result.get();
    } catch (ExecutionException e) {
      throw failure(what, e.getCause());
    } catch (InterruptedException e) {
      throw interrupted(what, e);
    }
  }

  private TopicAdminException failure(String what, Throwable cause) {
    return new TopicAdminException(
        cause instanceof TimeoutException
            ? "cannot %s: no Kafka broker answers at %s".formatted(what, bootstrapServers)
            : "cannot %s on %s: %s".formatted(what, bootstrapServers, cause.getMessage()),
        cause);
  }

  private TopicAdminException interrupted(String what, InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new TopicAdminException("interrupted while trying to " + what, cause);
  }

  private static int millis(Duration duration) {
    return Math.toIntExact(duration.toMillis());
  }
}
