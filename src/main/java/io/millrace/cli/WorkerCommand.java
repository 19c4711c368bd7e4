package io.millrace.cli;

import io.millrace.engine.Engine;
import io.millrace.worker.LocalModel;
import io.millrace.worker.ModelOptions;
import io.millrace.worker.Node;
import io.millrace.worker.Settings;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

  @Option(
      names = "--model",
      paramLabel = "[NAME=]M",
      required = true,
      converter = NamedModel.Converter.class,
      description = "A GGUF file, and its name on topics (default: that of the file).")
  private NamedModel model;

  @Option(
      names = "--memory",
      paramLabel = "BYTES",
      description =
          "For weights and KV cache, such as 12G (default: 60%% of the machine's memory).")
  private Optional<String> memory;

  @Option(
      names = "--backend",
      paramLabel = "auto|metal|cpu",
      description = "What computes (default: auto).")
  private Optional<String> backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that compute on the CPU (default: all processors).")
  private Optional<String> threads;

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = options.settings();
    settings = options.with(settings, Settings.WORKER_MEMORY, "--memory", memory);
    settings = options.with(settings, Settings.WORKER_BACKEND, "--backend", backend);
    settings = options.with(settings, Settings.WORKER_THREADS, "--threads", threads);
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
