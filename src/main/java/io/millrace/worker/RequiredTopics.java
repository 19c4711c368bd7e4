package io.millrace.worker;

import io.millrace.record.Topics;
import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicAdminException;
import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import io.millrace.topology.TopicState;
import io.millrace.topology.TopicState.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds the topics of a cluster against the contract before a process joins in. */
final class RequiredTopics implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RequiredTopics.class);

  private final Topics topics;
  private final TopicContract contract;
  private final TopicAdmin admin;
  private final int maxRecordBytes;
  private final Set<String> modelInputs;

  RequiredTopics(AppSettings settings) {
    topics = settings.topics();
    contract = TopicContract.load(topics);
    admin = new TopicAdmin(settings.clientConfig());
    maxRecordBytes = settings.maxRecordBytes();
    modelInputs = settings.router().modelInputs();
  }

  /**
   * Checks the topics that all models share.
   *
   * @throws IllegalStateException when one is missing, or the two inputs do not fit together
   * @throws TopicAdminException when the cluster does not answer
   */
  void check() {
    List<TopicSpec> specs = new ArrayList<>(contract.shared());
    modelInputs.forEach(model -> specs.add(contract.prompts(model)));
    List<TopicState> states = admin.describe(specs);
    List<String> missing =
        states.stream()
            .filter(state -> state.status() == Status.MISSING)
            .map(TopicState::name)
            .toList();
    if (!missing.isEmpty()) {
      throw new IllegalStateException(
          "the topics %s do not exist; create them with: millrace topics create"
              .formatted(String.join(", ", missing)));
    }
    checkPartitions(states, topics.urgentPrompts());
    modelInputs.forEach(model -> checkPartitions(states, topics.prompts(model)));
    for (TopicState state : states) {
      if (!state.name().equals(topics.control()) && !state.name().equals(topics.workers())) {
        checkSize(state);
      }
      report(state);
    }
  }

  /**
   * Creates the lanes of a model when they do not exist.
   *
   * @throws IllegalStateException when this user may not
   */
  void createLanes(String model) {
    TopicSpec lanes = contract.work(model);
    try {
      TopicState state = admin.create(List.of(lanes), TopicAdmin.BROKER_DEFAULT).getFirst();
      checkSize(state);
      report(state);
    } catch (TopicAdminException e) {
      throw new IllegalStateException(
          "%s; create it with: millrace topics create --model %s".formatted(e.getMessage(), model),
          e);
    }
  }

  @Override
  public void close() {
    admin.close();
  }

  private void checkPartitions(List<TopicState> states, String input) {
    int prompts = partitions(states, topics.prompts());
    int others = partitions(states, input);
    if (prompts != others) {
      throw new IllegalStateException(
          "%s has %d partitions and %s has %d, expected as many: a router reads one of each together"
              .formatted(topics.prompts(), prompts, input, others));
    }
  }

  private static int partitions(List<TopicState> states, String topic) {
    return states.stream()
        .filter(state -> state.name().equals(topic))
        .mapToInt(TopicState::partitions)
        .findFirst()
        .orElseThrow();
  }

  /** The broker would refuse a record in the middle of a transaction, which stops the app. */
  private void checkSize(TopicState topic) {
    if (topic.maxRecordBytes() < maxRecordBytes) {
      throw new IllegalStateException(
          "%s takes records up to %d bytes, expected at least %d because of prompt.max-bytes; raise its max.message.bytes, or lower prompt.max-bytes"
              .formatted(topic.name(), topic.maxRecordBytes(), maxRecordBytes));
    }
  }

  private static void report(TopicState state) {
    switch (state.status()) {
      case CREATED ->
          LOG.info("Created topic {} with {} partitions", state.name(), state.partitions());
      case DIFFERS ->
          LOG.debug(
              "Topic {} is not as the contract says: {}",
              state.name(),
              String.join("; ", state.differences()));
      case EXISTS, MISSING -> {}
    }
  }
}
