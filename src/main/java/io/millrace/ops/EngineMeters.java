package io.millrace.ops;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.millrace.engine.EngineListener;
import java.time.Duration;

/** What an engine does step by step, as {@code millrace.engine.*}. */
final class EngineMeters implements EngineListener {
  private static final String PREFIX = "millrace.engine.";

  private final MeterRegistry registry;
  private final String model;
  private final Timer steps;
  private final DistributionSummary stepTokens;
  private final Counter prefilled;
  private final Counter decoded;
  private final Counter cached;
  private final Counter preemptions;
  private final Timer firstToken;
  private final Timer nextToken;

  EngineMeters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.model = model;
    steps = timer("step", "Time of a step");
    stepTokens =
        DistributionSummary.builder(PREFIX + "step.tokens")
            .description("Tokens computed in a step")
            .tag("model", model)
            .register(registry);
    prefilled = counter("prefill.tokens", "Tokens of prompts computed");
    decoded = counter("decode.tokens", "Generated tokens computed");
    cached = counter("prefix.hit.tokens", "Tokens found in the prefix cache");
    preemptions = counter("preemptions", "Sequences that gave up their pages for others");
    firstToken = timer("time.to.first.token", "From submission to the first token");
    nextToken = timer("time.between.tokens", "From one token of a sequence to the next");
  }

  @Override
  public void step(StepReport report) {
    steps.record(duration(report.seconds()));
    stepTokens.record(report.decoded() + report.prefilled());
    prefilled.increment(report.prefilled());
    decoded.increment(report.decoded());
    cached.increment(report.cached());
    preemptions.increment(report.preemptions());
  }

  @Override
  public void firstToken(double seconds) {
    firstToken.record(duration(seconds));
  }

  @Override
  public void nextToken(double seconds) {
    nextToken.record(duration(seconds));
  }

  private Timer timer(String name, String description) {
    return Timer.builder(PREFIX + name)
        .description(description)
        .tag("model", model)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(2))
        .register(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(PREFIX + name)
        .description(description)
        .tag("model", model)
        .register(registry);
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}
