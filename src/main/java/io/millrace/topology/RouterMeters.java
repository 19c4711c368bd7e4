package io.millrace.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

/** What the router counts, as {@code millrace.prompts.*}. Aborted transactions are counted too. */
final class RouterMeters {
  private final MeterRegistry registry;
  private final Counter accepted;
  private final Counter duplicates;

  RouterMeters(MeterRegistry registry, Occupancy occupancy) {
    this.registry = registry;
    accepted =
        Counter.builder("millrace.prompts.accepted")
            .description("Prompts that were valid")
            .register(registry);
    duplicates =
        Counter.builder("millrace.prompts.duplicates")
            .description("Prompts that the completion of an earlier one with their id answers")
            .register(registry);
    Gauge.builder("millrace.prompts.waiting", occupancy::prompts)
        .description("Prompts waiting in the router")
        .tag("urgent", "false")
        .register(registry);
    Gauge.builder("millrace.prompts.waiting", occupancy::urgentPrompts)
        .description("Prompts waiting in the router")
        .tag("urgent", "true")
        .register(registry);
  }

  void accepted() {
    accepted.increment();
  }

  void duplicate() {
    duplicates.increment();
  }

  void refused(String code) {
    Counter.builder("millrace.prompts.refused")
        .description("Prompts that the router ended with an error")
        .tag("code", code)
        .register(registry)
        .increment();
  }

  void routed(String model) {
    Counter.builder("millrace.prompts.routed")
        .description("Prompts sent to a worker")
        .tag("model", model)
        .register(registry)
        .increment();
  }
}
