package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MillraceTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void shouldPrintUsageWhenAskedForHelp() {
    int exit = run("--help");

    assertThat(exit).isZero();
    assertThat(out.toString()).startsWith("Usage: millrace");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void shouldPrintVersion() {
    int exit = run("--version");

    assertThat(exit).isZero();
    assertThat(out.toString()).startsWith("millrace ");
  }

  @Test
  void shouldExitWithTwoWhenCommandIsMissing() {
    int exit = run();

    assertThat(exit).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).startsWith("millrace: Missing command").contains("Usage: millrace");
  }

  @Test
  void shouldExitWithTwoOnUnknownOption() {
    int exit = run("--no-such-option");

    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("--no-such-option");
  }

  @Test
  void shouldReportFailureAsOneLine() {
    int exit = run("fail", "the pond is dry");

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).isEqualTo("millrace: the pond is dry" + System.lineSeparator());
  }

  @Test
  void shouldNameTheExceptionWhenItHasNoMessage() {
    int exit = run("fail");

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString()).startsWith("millrace: java.lang.IllegalStateException");
  }

  @Test
  void shouldPrintStackTraceWhenDebugging() {
    int exit = run("fail", "the pond is dry", "--debug");

    assertThat(exit).isEqualTo(1);
    assertThat(err.toString())
        .startsWith("millrace: the pond is dry")
        .contains("at io.millrace.cli.MillraceTest");
  }

  private int run(String... args) {
    CommandLine commandLine = Millrace.commandLine().addSubcommand(new Fail());
    return commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(args);
  }

  @Command(name = "fail")
  private static final class Fail implements Runnable {
    @CommandLine.Parameters(arity = "0..1")
    private String message;

    @Override
    public void run() {
      throw new IllegalStateException(message);
    }
  }
}
