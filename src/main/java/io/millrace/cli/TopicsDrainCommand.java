package io.millrace.cli;

import io.millrace.worker.ModelDrain;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Ends the prompts of a model that nobody serves any more. */
@Command(
    name = "drain",
    description = {
      "Ends the prompts of a model whose workers have been stopped for good, with model_not_found:",
      "those on work.NAME, those that its workers have left unfinished, and those that routers still",
      "have for it. Waits until no more come; from then on routers do not know the model."
    },
    footer = {"", "Example:", "  millrace topics drain llama-2-7b --bootstrap-servers kafka:9092"})
final class TopicsDrainCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private NodeOptions options;

  @Parameters(paramLabel = "NAME", description = "Name of the model.")
  private String model;

  @Option(
      names = "--quiet",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "5s",
      description = "How long none must have come before it ends (default: ${DEFAULT-VALUE}).")
  private Duration quiet;

  @Override
  public Integer call() throws InterruptedException {
    ModelDrain drain;
    try {
      drain = new ModelDrain(options.settings(), model, quiet);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    int ended = drain.run();
    spec.commandLine().getErr().printf("%d prompts of %s ended%n", ended, model);
    spec.commandLine().getErr().flush();
    return 0;
  }
}
