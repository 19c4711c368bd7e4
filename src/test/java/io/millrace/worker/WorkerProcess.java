package io.millrace.worker;

import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Topics;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker with router and simulated engine in a process of its own, which a test may kill. */
final class WorkerProcess {
  static final String MODEL = "tiny";

  private static final int SLOTS = 8;
  private static final int CONTEXT_LENGTH = 4_096;
  private static final int STOP_SECONDS = 30;

  private final Process process;

  private WorkerProcess(Process process) {
    this.process = process;
  }

  /**
   * @param directory gets the state of the worker and its log
   */
  static WorkerProcess start(
      String bootstrapServers, Topics topics, String worker, Path directory, double tokensPerSecond)
      throws IOException {
    Path own = Files.createDirectories(directory.resolve(worker));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Djava.io.tmpdir=" + own,
            "-cp",
            System.getProperty("java.class.path"),
            WorkerProcess.class.getName(),
            bootstrapServers,
            topics.prefix(),
            worker,
            Double.toString(tokensPerSecond));
    return new WorkerProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(own.resolve("log").toFile()))
            .start());
  }

  /** SIGKILL: the process has no chance to do anything. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** SIGSTOP: the process stands still, as on a laptop whose lid is closed. */
  void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** SIGCONT: the process goes on as if no time had passed. */
  void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    if (code != 0) {
      throw new AssertionError("kill %s ended with code %d".formatted(signal, code));
    }
  }

  /** SIGTERM: the process shuts down as planned. */
  void terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the worker did not end");
    }
  }

  /** The process: broker, topic prefix, worker id, tokens/s. */
  public static void main(String[] args) throws IOException {
    Settings settings =
        Settings.defaults()
            .with(Settings.BOOTSTRAP_SERVERS, args[0])
            .with(Settings.TOPICS_PREFIX, args[1])
            .with(Settings.WORKER_ID, args[2])
            .with(Settings.SESSION_TIMEOUT, "3s")
            .with(Settings.METRICS_PORT, "off");
    SimulatedEngine engine =
        SimulatedEngine.start(SLOTS, Double.parseDouble(args[3]), CONTEXT_LENGTH);
    Node node = Node.startWorker(settings, MODEL, engine);
    Runtime.getRuntime().addShutdownHook(new Thread(node::close, "shutdown"));
    // The input ends with the process that started this one.
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(1);
  }
}
