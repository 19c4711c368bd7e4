package io.millrace.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A command line that was run in this process.
 *
 * @param exit its exit code
 * @param out what it wrote to stdout
 * @param err what it wrote to stderr
 */
record CommandRun(int exit, String out, String err) {
  static CommandRun of(String... args) {
    return new Running(args).run();
  }

  /** Runs on a thread of its own. */
  static Running start(String... args) {
    Running running = new Running(args);
    running.thread = Thread.ofPlatform().start(() -> running.result.complete(running.run()));
    return running;
  }

  List<String> outLines() {
    return out.lines().toList();
  }

  /** A command line that may still be running. */
  static final class Running {
    private final String[] args;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final CompletableFuture<CommandRun> result = new CompletableFuture<>();
    private Thread thread;

    private Running(String... args) {
      this.args = args.clone();
    }

    /** What it has written to stdout so far. */
    String out() {
      return out.toString();
    }

    /** What it has written to stderr so far. */
    String err() {
      return err.toString();
    }

    void interrupt() {
      thread.interrupt();
    }

    CommandRun await() {
      return result.join();
    }

    private CommandRun run() {
      int exit =
          Millrace.commandLine()
              .setOut(new PrintWriter(out))
              .setErr(new PrintWriter(err))
              .execute(args);
      return new CommandRun(exit, out.toString(), err.toString());
    }
  }
}
