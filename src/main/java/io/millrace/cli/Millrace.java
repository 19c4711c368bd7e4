package io.millrace.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code millrace}. Exit codes: 0 on success, 1 when the command failed, 2 for bad
 * usage. A failure is one line on stderr; {@code --debug} or {@code MILLRACE_DEBUG=1} adds its
 * stack trace.
 */
@Command(
    name = "millrace",
    description = "Turns Kafka topics into text generation.",
    versionProvider = Millrace.ManifestVersion.class,
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BenchCommand.class,
      CancelCommand.class,
      DemoCommand.class,
      DevCommand.class,
      DoctorCommand.class,
      FleetCommand.class,
      GenerateCommand.class,
      InspectCommand.class,
      LogitsCommand.class,
      PullCommand.class,
      RenderCommand.class,
      RouterCommand.class,
      SubmitCommand.class,
      TailCommand.class,
      TokenizeCommand.class,
      TopicsCommand.class,
      WorkerCommand.class
    })
public final class Millrace implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      description = "Print the stack trace of a failure (also: MILLRACE_DEBUG=1).",
      scope = ScopeType.INHERIT)
  private boolean debug;

  private Millrace() {}

  public static void main(String[] args) {
    VectorModule.load();
    System.exit(commandLine().setOut(utf8(System.out)).setErr(utf8(System.err)).execute(args));
  }

  /** What commands print is read by other programs, so its encoding is not the terminal's. */
  private static PrintWriter utf8(PrintStream stream) {
    return new PrintWriter(stream, true, StandardCharsets.UTF_8);
  }

  /** A fresh command line: picocli keeps parsed values, so each execution takes its own. */
  static CommandLine commandLine() {
    Millrace millrace = new Millrace();
    return new CommandLine(millrace)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setExpandAtFiles(false) // texts may begin with @
        .setParameterExceptionHandler(Millrace::reportBadUsage)
        .setExecutionExceptionHandler(millrace::reportFailure);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }

  private static int reportBadUsage(ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("millrace: " + failure.getMessage());
    UnmatchedArgumentException.printSuggestions(failure, err);
    if (arguments.length == 0) {
      command.usage(err);
    } else {
      err.printf("Try '%s --help'.%n", command.getCommandSpec().qualifiedName());
    }
    err.flush();
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private int reportFailure(Exception failure, CommandLine command, ParseResult parsed) {
    PrintWriter err = command.getErr();
    err.println("millrace: " + messageOf(failure));
    if (debug || "1".equals(System.getenv("MILLRACE_DEBUG"))) {
      failure.printStackTrace(err);
    }
    err.flush();
    return command.getCommandSpec().exitCodeOnExecutionException();
  }

  private static String messageOf(Exception failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getName() : message;
  }

  /** The version that the jar's manifest names; a run from loose classes has none. */
  static final class ManifestVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Millrace.class.getPackage().getImplementationVersion();
      return new String[] {"millrace " + (version == null ? "(not packaged)" : version)};
    }
  }
}
