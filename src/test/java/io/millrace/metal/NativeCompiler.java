package io.millrace.metal;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Compilers of this machine, for what the tests build themselves. */
final class NativeCompiler {
  /**
   * Set by {@code .ci/run}: without a compiler the tests fail there, elsewhere they are skipped.
   */
  private static final boolean DEMANDED = System.getenv("MILLRACE_DEMAND_METAL") != null;

  private NativeCompiler() {}

  /** The first of these programs that is on the PATH. */
  static String require(String purpose, String... names) {
    Optional<String> found = Arrays.stream(names).filter(NativeCompiler::isOnPath).findFirst();
    if (found.isEmpty()) {
      String message = "%s needs one of %s, and there is none".formatted(purpose, List.of(names));
      if (DEMANDED) {
        fail(message);
      }
      abort(message + "; skipped");
    }
    return found.get();
  }

  private static boolean isOnPath(String name) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
  }

  /** What a command prints, and how it ended. */
  record Outcome(int exit, String output) {}

  static Outcome run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new IllegalStateException("it does not end: " + command);
      }
      return new Outcome(process.exitValue(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted: " + command, e);
    }
  }
}
