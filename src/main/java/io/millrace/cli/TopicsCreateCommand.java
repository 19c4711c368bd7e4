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

/** Creates the topics of the contract that are missing. */
@Command(
    name = "create",
    description = "Creates the topics that are missing. Topics that are there stay as they are.",
    footer = {
      "",
      "Example:",
      "  millrace topics create --bootstrap-servers kafka:9092 --model llama-3.2-1b"
    })
final class TopicsCreateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private KafkaOptions kafka;
  @Mixin private WorkTopicOption models;

  @Option(
      names = "--replication-factor",
      paramLabel = "N",
      defaultValue = "" + TopicAdmin.BROKER_DEFAULT,
      description = "Copies of each partition (default: the brokers' default.replication.factor).")
  private short replicationFactor;

  @Option(names = "--json", description = "A line of JSON for each topic.")
  private boolean json;

  @Override
  public Integer call() {
    KafkaOptions.silenceClients();
    TopicContract contract = TopicContract.load(kafka.topics());
    List<TopicSpec> specs = new ArrayList<>(contract.shared());
    specs.addAll(models.topics(contract));
    try (TopicAdmin admin = new TopicAdmin(kafka.clients())) {
      new TopicReport(spec.commandLine().getOut(), json)
          .print(admin.create(specs, replicationFactor));
    }
    return 0;
  }
}
