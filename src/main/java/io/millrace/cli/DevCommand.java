package io.millrace.cli;

import io.millrace.worker.LoopbackPort;
import io.millrace.worker.Playground;
import io.millrace.worker.Settings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Everything on this machine, for a person who writes a client. */
@Command(
    name = "dev",
    description = "Runs Kafka, a router and a worker on this machine until Ctrl-C.",
    footer = {
      "",
      "Examples:",
      "  millrace dev",
      "  millrace dev --model tinyllama.gguf --port 9092"
    })
final class DevCommand implements Callable<Integer> {
  private static final int KAFKA_PORT = 9092;
  private static final int METRICS_PORT = 9404;

  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      paramLabel = "M",
      description =
          "A GGUF file or model folder (default: the small model that comes with Millrace).")
  private Optional<Path> model;

  @Option(
      names = "--port",
      paramLabel = "P",
      description = "Of Kafka (default: 9092, or another when that is taken).")
  private Optional<Integer> port;

  @Override
  public Integer call() throws InterruptedException {
    int kafka = port.orElseGet(() -> LoopbackPort.freeNear(KAFKA_PORT));
    String metrics = Integer.toString(LoopbackPort.freeNear(METRICS_PORT));
    Settings settings = Settings.defaults().with(Settings.METRICS_PORT, metrics);
    try (Playground playground = Playground.start(model, kafka, settings)) {
      explain(playground);
      throw new IllegalStateException(
          Foreground.awaitFailure(
              playground.node(),
              "The worker of " + playground.model(),
              spec.commandLine().getErr()));
    }
  }

  private void explain(Playground playground) {
    PrintWriter out = spec.commandLine().getOut();
    String broker = playground.bootstrapServers();
    out.printf(
        """
        Kafka is at %1$s, without authentication; its topics are gone when this ends.

        Publish a prompt and follow its chunks:
          bin/millrace submit --bootstrap-servers %1$s --prompt "Once upon a time" --follow

        The same without Millrace, with kcat or with Kafka's own tools:
          echo '{"prompt":"Once upon a time"}' | kcat -b %1$s -P -t prompts -X partitioner=murmur2_random -k story-1
          kcat -b %1$s -C -t completions -X isolation.level=read_committed

          echo '{"prompt":"Once upon a time"}' | kafka-console-producer.sh --bootstrap-server %1$s --topic prompts
          kafka-console-consumer.sh --bootstrap-server %1$s --topic chunks --from-beginning --isolation-level read_committed

        Ctrl-C stops everything.

        """,
        broker);
    out.flush();
  }
}
