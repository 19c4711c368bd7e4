package io.millrace.cli;

import io.millrace.worker.Node;
import java.io.PrintWriter;
import java.time.Duration;

/** Keeps a node running until a part of it fails, or the process is told to stop. */
final class Foreground {
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);

  private Foreground() {}

  /**
   * Waits for a part to fail. When the process is told to stop instead (SIGTERM, SIGINT), this
   * closes, and the JVM ends.
   *
   * @param close closes the node and what belongs to it; may be called again later
   * @param what names the node to people
   * @return which part failed, and why
   */
  static String awaitFailure(Node node, Runnable close, String what, PrintWriter err)
      throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(close));
    String state = node.awaitReady(READY_TIMEOUT) ? "is ready" : "is not ready yet";
    String metrics =
        node.opsAddress()
            .map(address -> "; http://localhost:%d/metrics".formatted(address.getPort()))
            .orElse("");
    err.println(what + " " + state + metrics);
    err.flush();
    return node.awaitFailure();
  }
}
