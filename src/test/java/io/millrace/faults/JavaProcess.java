package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM on the class path of the tests, which a test may stop in every way; it ends with the test's
 * own process at the latest.
 */
final class JavaProcess {
  private static final int STOP_SECONDS = 60;

  private final Process process;
  private final Path log;

  private JavaProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /**
   * @param log gets what it writes to stdout and stderr, behind what is there
   * @param options for java
   * @param command the main class and its arguments
   */
  static JavaProcess start(Path log, List<String> options, List<String> command)
      throws IOException {
    return start(log, log, options, command);
  }

  /**
   * @param out gets what it writes to stdout
   * @param err gets what it writes to stderr
   * @param options for java
   * @param command the main class and its arguments
   */
  static JavaProcess start(Path out, Path err, List<String> options, List<String> command)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-DOPT_OUT_TRACKING=true",
            "-Doffline=true",
            "-cp",
            System.getProperty("java.class.path")));
    line.addAll(options);
    line.add(ChildMain.class.getName());
    line.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectError(Redirect.appendTo(err.toFile()));
    if (out.equals(err)) {
      builder.redirectErrorStream(true);
    }
    return new JavaProcess(builder.redirectOutput(Redirect.appendTo(out.toFile())).start(), err);
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** SIGKILL: it has no chance to do anything. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** SIGTERM; waits for the end and returns the exit code. */
  int terminate() throws InterruptedException {
    process.destroy();
    return awaitExit(STOP_SECONDS);
  }

  int awaitExit(int seconds) throws InterruptedException {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      throw new AssertionError("process %d did not end, see %s".formatted(process.pid(), log));
    }
    return process.exitValue();
  }

  /** SIGSTOP: it stands still, as on a laptop whose lid is closed. */
  void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  /** SIGCONT: it goes on as if no time had passed. */
  void resume() throws IOException, InterruptedException {
    signal("-CONT");
  }

  String log() throws IOException {
    return Files.readString(log, UTF_8);
  }

  private void signal(String signal) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    if (code != 0) {
      throw new AssertionError("kill %s ended with code %d".formatted(signal, code));
    }
  }
}
