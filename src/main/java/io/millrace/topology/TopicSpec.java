package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/**
 * A topic as the contract wants it.
 *
 * @param name with the prefix
 * @param configs Kafka's topic settings, such as {@code retention.ms}
 */
public record TopicSpec(String name, int partitions, Map<String, String> configs) {
  public TopicSpec {
    requireNonNull(name, "name is null");
    configs = Map.copyOf(configs);
  }
}
