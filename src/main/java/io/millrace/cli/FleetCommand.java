package io.millrace.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.worker.EmbeddedBroker;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a fleet would do, without its models. */
@Command(
    name = "fleet",
    description = {
      "Simulates fleets on this machine: Kafka, the router and the workers are real, the models only",
      "take their time. Prints what comes out, who did how much, and how long prompts waited."
    },
    footer = {
      "",
      "Examples:",
      "  millrace fleet --workers 1,2,4,8 --speeds 400",
      "  millrace fleet --workers 3 --speeds 200,400,800",
      "  millrace fleet --workers 8 --speeds 400 --load 0.8"
    })
final class FleetCommand implements Callable<Integer> {
  private static final int MAX_WORKERS = 32;

  @Spec private CommandSpec spec;

  @Option(
      names = "--workers",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2,4,8",
      description = "Workers of a fleet, one measurement each (default: ${DEFAULT-VALUE}).")
  private List<Integer> sizes;

  @Option(
      names = "--speeds",
      paramLabel = "X",
      split = ",",
      defaultValue = "400",
      description =
          "Tokens per second of the workers with all slots busy, in turn (default: ${DEFAULT-VALUE}).")
  private List<Double> speeds;

  @Option(
      names = "--slots",
      paramLabel = "N",
      defaultValue = "16",
      description = "Prompts that a worker takes at once (default: ${DEFAULT-VALUE}).")
  private int slots;

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "30s",
      description =
          "How long a measurement takes; a prompt has 64 tokens on average (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration duration;

  @Option(
      names = "--load",
      paramLabel = "X",
      description =
          "Share of the fleet's speed at which prompts arrive, at random times (default: all are"
              + " there from the beginning).")
  private Optional<Double> load;

  @Option(names = "--json", description = "A line of JSON for each measurement.")
  private boolean json;

  @Override
  public Integer call() throws InterruptedException {
    sizes.forEach(
        size -> check(size >= 1 && size <= MAX_WORKERS, "--workers is %d, expected 1 to 32", size));
    speeds.forEach(speed -> check(speed > 0, "--speeds has %s, expected more than 0", speed));
    check(slots >= 1, "--slots is %d, expected at least 1", slots);
    load.ifPresent(share -> check(share > 0, "--load is %s, expected more than 0", share));
    KafkaOptions.silenceClients();
    if (!json) {
      out()
          .println(
              "workers  sum of speeds  tokens/s     %  shares by speed        first text after p50, p99");
    }
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      FleetBench bench = new FleetBench(broker, slots, duration, load);
      for (int i = 0; i < sizes.size(); i++) {
        List<Double> fleet =
            IntStream.range(0, sizes.get(i)).mapToObj(n -> speeds.get(n % speeds.size())).toList();
        print(bench.measure("fleet-" + i, fleet));
      }
    }
    return 0;
  }

  private void print(FleetBench.Result result) {
    double share = result.tokensPerSecond() / result.sumOfSpeeds();
    if (json) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("workers", result.speeds().size());
      line.put("speeds", result.speeds());
      line.put("sum_of_speeds", result.sumOfSpeeds());
      line.put("tokens_per_second", result.tokensPerSecond());
      line.put("shares", result.shares());
      line.put("waited_p50_ms", result.waitMillis(0.5));
      line.put("waited_p99_ms", result.waitMillis(0.99));
      out().println(new ObjectMapper().valueToTree(line).toString());
    } else {
      out()
          .printf(
              "%7d  %13.0f  %8.1f  %3.0f%%  %-21s  %.1f s, %.1f s%n",
              result.speeds().size(),
              result.sumOfSpeeds(),
              result.tokensPerSecond(),
              100 * share,
              sharesBySpeed(result),
              result.waitMillis(0.5) / 1e3,
              result.waitMillis(0.99) / 1e3);
    }
    out().flush();
  }

  /** Such as {@code 50: 14%, 100: 29%}. */
  private static String sharesBySpeed(FleetBench.Result result) {
    Map<Double, Double> shares = new TreeMap<>();
    for (int i = 0; i < result.speeds().size(); i++) {
      shares.merge(result.speeds().get(i), result.shares().get(i), Double::sum);
    }
    StringBuilder text = new StringBuilder();
    shares.forEach((speed, share) ->
        text.append("%s%.0f: %.0f%%".formatted(text.isEmpty() ? "" : ", ", speed, 100 * share)));
    return text.toString();
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private void check(boolean condition, String message, Object argument) {
    if (!condition) {
      throw new ParameterException(spec.commandLine(), message.formatted(argument));
    }
  }
}
