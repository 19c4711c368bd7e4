package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * A topic on the cluster, held against the contract.
 *
 * @param name with the prefix
 * @param status how it stands
 * @param partitions 0 when it is missing
 * @param replicas of the first partition, 0 when it is missing
 * @param maxRecordBytes its {@code max.message.bytes}, 0 when it is missing
 * @param differences each as {@code retention.ms is 1000, the contract says 604800000}
 */
public record TopicState(
    String name,
    Status status,
    int partitions,
    int replicas,
    int maxRecordBytes,
    List<String> differences) {
  public TopicState {
    requireNonNull(name, "name is null");
    requireNonNull(status, "status is null");
    differences = List.copyOf(differences);
  }

  /** It was missing, but no longer. */
  TopicState created() {
    return new TopicState(name, Status.CREATED, partitions, replicas, maxRecordBytes, List.of());
  }

  /** How a topic stands. */
  public enum Status {
    /** It was just created. */
    CREATED,
    /** It was there, and is as the contract says. */
    EXISTS,
    /** It was there, and differs from the contract. */
    DIFFERS,
    /** It is not there. */
    MISSING
  }
}
