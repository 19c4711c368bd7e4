package io.millrace.cli;

import io.millrace.topology.TopicAdmin;
import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Holds the topics of a cluster against the contract. */
@Command(
    name = "describe",
    description = {
      "Shows the topics, and how they differ from the contract.",
      "Without --model, the work topics of all models are among them."
    })
final class TopicsDescribeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private KafkaOptions kafka;
  @Mixin private WorkTopicOption models;

  @Option(names = "--json", description = "A line of JSON for each topic.")
  private boolean json;

  @Override
  public Integer call() {
    KafkaOptions.silenceClients();
    TopicContract contract = TopicContract.load(kafka.topics());
    List<TopicSpec> specs = new ArrayList<>(contract.shared());
    try (TopicAdmin admin = new TopicAdmin(kafka.clients())) {
      specs.addAll(models.isEmpty() ? existingWork(contract, admin) : models.topics(contract));
      new TopicReport(spec.commandLine().getOut(), json).print(admin.describe(specs));
    }
    return 0;
  }

  /** The work topics of every model that has one. */
  private List<TopicSpec> existingWork(TopicContract contract, TopicAdmin admin) {
    String prefix = kafka.topics().workPrefix();
    return admin.namesThatBeginWith(prefix).stream()
        .map(name -> name.substring(prefix.length()))
        .filter(model -> !model.isEmpty())
        .map(contract::work)
        .toList();
  }
}
