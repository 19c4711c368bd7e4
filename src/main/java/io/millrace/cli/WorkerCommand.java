package io.millrace.cli;

import io.millrace.engine.Engine;
import io.millrace.worker.LocalModel;
import io.millrace.worker.ModelOptions;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A worker, and with it a router. */
@Command(
    name = "worker",
    description = "Generates for the prompts of a Kafka cluster with a local model.",
    footer = {
      "",
      "Examples:",
      "  millrace worker --model tinyllama.gguf --bootstrap-servers kafka-1:9092",
      "  millrace worker --model chat=models/llama-3.gguf --config config/worker.properties"
    })
final class WorkerCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private NodeOptions options;

  @Mixin private ModelOption model;
  @Mixin private BackendOptions backend;

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = backend.over(options.settings());
    try (LocalModel local = LocalModel.open(model.path(), ModelOptions.of(settings));
        Engine engine = local.startEngine()) {
      String name = model.name().orElseGet(local::name);
      try (Node node = Node.startWorker(settings, name, engine)) {
        throw new IllegalStateException(
            Foreground.awaitFailure(
                node, node::close, "The worker of " + name, spec.commandLine().getErr()));
      }
    }
  }
}
