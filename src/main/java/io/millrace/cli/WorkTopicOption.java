package io.millrace.cli;

import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Models whose work topics a command is about. */
final class WorkTopicOption {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "Also the work topic of this model; may be given several times.")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--model-input",
      paramLabel = "NAME",
      description =
          "Also prompts.NAME, an input for the prompts of this model alone (router.model-inputs);"
              + " may be given several times.")
  private List<String> inputs = new ArrayList<>();

  boolean isEmpty() {
    return models.isEmpty() && inputs.isEmpty();
  }

  List<TopicSpec> topics(TopicContract contract) {
    try {
      return Stream.concat(
              models.stream().map(contract::work), inputs.stream().map(contract::prompts))
          .toList();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--model: " + e.getMessage(), e);
    }
  }
}
