package io.millrace.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Finds topics, so that a wrong address or a missing topic is an error at once and not a wait. */
final class TopicLookup {
  private static final int ANSWER_TIMEOUT_MILLIS = 10_000;

  private TopicLookup() {}

  /**
   * The partitions of every topic.
   *
   * @throws MillraceClientException when no broker answers within 10 s, or a topic is missing
   */
  static Map<String, List<TopicPartition>> partitions(
      Map<String, ?> kafka, Collection<String> topics) {
    String address = address(kafka);
    Map<String, Object> config = new HashMap<>();
    config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_TIMEOUT_MILLIS);
    config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ANSWER_TIMEOUT_MILLIS / 2);
    config.putAll(kafka);
    try (Admin admin = Admin.create(config)) {
      Map<String, List<TopicPartition>> found = new HashMap<>();
      List<String> missing = new ArrayList<>();
      admin
          .describeTopics(topics)
          .topicNameValues()
          .forEach((name, description) -> {
            List<TopicPartition> partitions = partitions(name, description, address);
            if (partitions.isEmpty()) {
              missing.add(name);
            } else {
              found.put(name, partitions);
            }
          });
      if (!missing.isEmpty()) {
        throw new MillraceClientException(
            ("%s has no topic %s; create the topics with: millrace topics create"
                    + " --bootstrap-servers %s")
                .formatted(
                    address, String.join(", ", missing.stream().sorted().toList()), address));
      }
      return found;
    } catch (KafkaException e) {
      throw unusable(kafka, e);
    }
  }

  /** Kafka's clients hide in the cause what is wrong with their settings. */
  static MillraceClientException unusable(Map<String, ?> kafka, KafkaException e) {
    Throwable reason = e.getCause() == null ? e : e.getCause();
    return new MillraceClientException(
        "cannot connect to Kafka at %s: %s".formatted(address(kafka), reason.getMessage()), e);
  }

  static String address(Map<String, ?> kafka) {
    return String.valueOf(kafka.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG));
  }

  /** None when the topic is missing. */
  private static List<TopicPartition> partitions(
      String name, KafkaFuture<TopicDescription> description, String address) {
    try {
      return description.get().partitions().stream()
          .map(partition -> new TopicPartition(name, partition.partition()))
          .toList();
    } catch (ExecutionException e) {
      return switch (e.getCause()) {
        case UnknownTopicOrPartitionException _ -> List.of();
        case TimeoutException timeout ->
            throw new MillraceClientException(
                ("no Kafka broker answers at %s; is it running, and does it advertise an address"
                        + " that this machine reaches?")
                    .formatted(address),
                timeout);
        default ->
            throw new MillraceClientException(
                "cannot look up topic %s at %s: %s"
                    .formatted(name, address, e.getCause().getMessage()),
                e.getCause());
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MillraceClientException("interrupted while looking up topic " + name, e);
    }
  }
}
