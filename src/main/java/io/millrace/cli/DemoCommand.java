package io.millrace.cli;

import io.millrace.client.MillraceClient;
import io.millrace.record.Completion;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import io.millrace.worker.BundledModel;
import io.millrace.worker.Playground;
import io.millrace.worker.Settings;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The whole way of a prompt on one machine, to look at. */
@Command(
    name = "demo",
    description = {
      "Starts Kafka, a router and a worker with the bundled model on this machine, sends it some"
          + " prompts, shows their texts as they are written, and ends."
    })
final class DemoCommand implements Callable<Integer> {
  private static final int MAX_TOKENS = 160;
  private static final double TEMPERATURE = 0.7;
  private static final long TIMEOUT_SECONDS = 120;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws InterruptedException {
    KafkaOptions.silenceClients();
    PrintWriter out = spec.commandLine().getOut();
    Settings settings = Settings.defaults().with(Settings.METRICS_PORT, "off");
    try (Playground playground = Playground.start(Optional.empty(), 0, settings)) {
      List<Prompt> prompts = prompts(playground.model());
      out.printf(
          "Kafka is at %s. Publishing %d prompts to topic prompts; these are their chunks.%n%n",
          playground.bootstrapServers(), prompts.size());
      summarize(generate(playground, prompts), out);
    }
    return 0;
  }

  private static List<Prompt> prompts(String model) {
    List<Prompt> prompts = new ArrayList<>();
    for (String text : BundledModel.prompts()) {
      int number = prompts.size() + 1;
      prompts.add(
          Prompt.of("demo-" + number, text)
              .model(model)
              .maxTokens(MAX_TOKENS)
              .temperature(TEMPERATURE)
              .seed(number)
              .build());
    }
    return prompts;
  }

  private Results generate(Playground playground, List<Prompt> prompts)
      throws InterruptedException {
    StoryScreen screen = new StoryScreen(prompts, spec.commandLine().getOut(), Colours.ofStdout());
    Map<String, String> kafka = Map.of("bootstrap.servers", playground.bootstrapServers());
    try (MillraceClient client = new MillraceClient(kafka, new Topics(""))) {
      long start = System.nanoTime();
      List<CompletableFuture<Completion>> futures =
          prompts.stream()
              .map(prompt ->
                  client
                      .submit(prompt, screen::chunk)
                      .whenComplete((completion, failure) -> {
                        if (failure == null) {
                          screen.end(completion);
                        }
                      }))
              .toList();
      List<Completion> completions = new ArrayList<>();
      for (CompletableFuture<Completion> future : futures) {
        completions.add(await(future));
      }
      return new Results(completions, System.nanoTime() - start);
    }
  }

  private static Completion await(CompletableFuture<Completion> future)
      throws InterruptedException {
    try {
      Completion completion = future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      completion
          .error()
          .ifPresent(error -> {
            throw new IllegalStateException(
                "prompt %s failed: %s".formatted(completion.id(), error.message()));
          });
      return completion;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause().getMessage(), e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "no completion came within %d s".formatted(TIMEOUT_SECONDS), e);
    }
  }

  private static void summarize(Results results, PrintWriter out) {
    double seconds = results.nanos() / 1e9;
    long sinceStart = ManagementFactory.getRuntimeMXBean().getUptime();
    out.printf(
        "%d completions of %d tokens in %.1f s: %.0f tokens/s, router and Kafka included."
            + " %.1f s since the start.%n",
        results.completions().size(),
        results.tokens(),
        seconds,
        results.tokens() / seconds,
        sinceStart / 1e3);
    out.flush();
  }

  private record Results(List<Completion> completions, long nanos) {
    int tokens() {
      return completions.stream()
          .mapToInt(completion -> completion.usage().orElseThrow().completionTokens())
          .sum();
    }
  }
}
