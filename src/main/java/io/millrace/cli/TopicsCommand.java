package io.millrace.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The topics of the contract on a cluster. */
@Command(
    name = "topics",
    description = "Creates Millrace's topics, looks at them, or ends what is left on them.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TopicsCreateCommand.class,
      TopicsDescribeCommand.class,
      TopicsDrainCommand.class
    })
final class TopicsCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }
}
