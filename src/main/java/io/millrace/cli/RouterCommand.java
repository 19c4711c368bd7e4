package io.millrace.cli;

import io.millrace.worker.Node;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A router without a worker. */
@Command(
    name = "router",
    description = "Runs a router alone; worker processes run one too, unless they are told not to.",
    footer = {"", "Example:", "  millrace router --bootstrap-servers kafka-1:9092,kafka-2:9092"})
final class RouterCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private NodeOptions options;

  @Override
  public Integer call() throws InterruptedException {
    try (Node node = Node.startRouter(options.settings())) {
      throw new IllegalStateException(
          Foreground.awaitFailure(node, node::close, "The router", spec.commandLine().getErr()));
    }
  }
}
