package io.millrace.topology;

import io.millrace.engine.simulated.SimulatedEngine;
import io.millrace.record.Topics;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker with a simulated engine in a process of its own, which a test may kill. */
final class WorkerProcess {
  private static final int SLOTS = 8;
  private static final int CONTEXT_LENGTH = 4_096;

  private final Process process;

  private WorkerProcess(Process process) {
    this.process = process;
  }

  /**
   * @param directory keeps the state directory of the worker and its log
   */
  static WorkerProcess start(
      String bootstrapServers, Topics topics, String worker, Path directory, double tokensPerSecond)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-Xmx256m");
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(WorkerProcess.class.getName());
    command.addAll(List.of(bootstrapServers, topics.prefix(), worker));
    command.addAll(List.of(directory.resolve(worker).toString(), "" + tokensPerSecond));
    return new WorkerProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(directory.resolve(worker + ".log").toFile()))
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
    if (!process.waitFor(WorkerApp.CLOSE_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the worker did not end");
    }
  }

  /** The process: broker, topic prefix, worker id, state directory, tokens/s. */
  public static void main(String[] args) throws IOException {
    SimulatedEngine engine =
        SimulatedEngine.start(SLOTS, Double.parseDouble(args[4]), CONTEXT_LENGTH);
    StreamsApp app =
        WorkerApp.start(
            args[0],
            new Topics(args[1]),
            args[2],
            Path.of(args[3]),
            engine,
            reason -> System.err.println(reason));
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> app.close(WorkerApp.CLOSE_TIMEOUT), "shutdown"));
    // Its input ends with the process that started it.
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(1);
  }
}
