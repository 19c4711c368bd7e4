package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.record.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.kafka.streams.TopologyDescription;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Holds the drawn topologies against the code, and draws them anew when they differ. */
class TopologyDrawingTest {
  private static final Path DIRECTORY = Path.of("topology");
  private static final Topics TOPICS = new Topics("");

  /** Kafka Streams describes a sink that chooses its topic by the class that chooses. */
  private static final String CHOSEN_TOPIC = "\\(extractor class: [^)]*\\)";

  private final Map<String, TopologyDescription> apps = new LinkedHashMap<>();

  @BeforeEach
  void describe() {
    RouterSettings router =
        new RouterSettings(
            1_000,
            10,
            10,
            10,
            Set.of(),
            10_000,
            1,
            Optional.empty(),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            1,
            Duration.ofSeconds(1));
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    apps.put(
        "router",
        new RouterTopology(TOPICS, router, RandomGenerator.getDefault(), registry)
            .topology()
            .describe());
    WorkerSettings worker =
        new WorkerSettings("worker", "model", TOPICS, Duration.ofSeconds(1), 3, 1_000, 1_000);
    apps.put(
        "worker",
        new WorkerTopology(worker, new HandDrivenEngine("weights"), registry)
            .topology()
            .describe());
  }

  @Test
  void shouldHaveCurrentText() throws IOException {
    StringBuilder text = new StringBuilder();
    apps.forEach((name, app) ->
        text.append("# %s app%n".formatted(name))
            .append(app.toString().strip().replaceAll(CHOSEN_TOPIC, "(topic: work.<model>)"))
            .append(System.lineSeparator()));

    assertCurrent("topology.txt", generic(text.toString()).stripTrailing() + "\n");
  }

  @Test
  void shouldHaveCurrentPicture() throws IOException {
    assertCurrent("topology.svg", generic(TopologyDrawing.svg(apps)));
  }

  /** The topic of the one worker stands for those of all models. */
  private static String generic(String text) {
    return text.replace(
        "work.model", text.startsWith("<svg") ? "work.&lt;model&gt;" : "work.<model>");
  }

  private static void assertCurrent(String name, String expected) throws IOException {
    Path file = DIRECTORY.resolve(name);
    String found = Files.exists(file) ? Files.readString(file) : "";
    if (!found.equals(expected)) {
      Files.writeString(file, expected);
    }

    assertThat(found)
        .as("%s was out of date and has been drawn anew: look at it and commit it", file)
        .isEqualTo(expected);
  }
}
