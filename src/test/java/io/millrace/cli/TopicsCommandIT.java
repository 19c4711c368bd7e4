package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.KafkaUnderTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TopicsCommandIT {
  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  @TempDir private Path directory;
  private final String prefix = kafka.newPrefix();
  private Path config;

  @BeforeEach
  void writeConfig() throws IOException {
    config = Files.writeString(directory.resolve("my.properties"), "topics.prefix=" + prefix);
  }

  @Test
  void shouldCreateTopicsOnce() {
    CommandRun first = topics("create", "--model", "a");
    CommandRun second = topics("create", "--model", "a", "--model", "b");

    assertThat(first.exit()).isZero();
    assertThat(rows(first))
        .hasSize(8)
        .allSatisfy(row -> assertThat(row).startsWith(prefix).endsWith("  created"));
    assertThat(second.exit()).isZero();
    assertThat(rows(second)).filteredOn(row -> row.endsWith("  exists")).hasSize(8);
    assertThat(rows(second))
        .filteredOn(row -> row.endsWith("  created"))
        .singleElement()
        .asString()
        .startsWith(prefix + "work.b")
        .contains(" 32 ");
  }

  @Test
  void shouldDescribeTheTopicsOfEveryModel() {
    topics("create", "--model", "a", "--model", "b");

    CommandRun run = topics("describe", "--json");

    assertThat(run.exit()).isZero();
    assertThat(run.outLines())
        .hasSize(9)
        .contains(
            "{\"topic\":\"%swork.b\",\"status\":\"exists\",\"partitions\":32,\"replicas\":1,\"differences\":[]}"
                .formatted(prefix));
  }

  @Test
  void shouldDescribeWhatIsMissing() {
    CommandRun run = topics("describe", "--model", "a");

    assertThat(run.exit()).isZero();
    assertThat(rows(run)).hasSize(8).allSatisfy(row -> assertThat(row).endsWith("  missing"));
  }

  @Test
  void shouldShowDifferences() throws Exception {
    kafka.createTopics(prefix + "chunks");

    CommandRun run = topics("describe");

    assertThat(run.out())
        .containsPattern("chunks +1 +1 +differs")
        .contains("\n  partitions is 1, the contract says 8\n");
  }

  @Test
  void shouldRefuseModelNameThatIsNoTopic() {
    CommandRun run = topics("create", "--model", "meta/llama");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("--model").contains("\"meta/llama\"");
  }

  @Test
  void shouldRefusePrefixThatIsNoTopic() throws IOException {
    Files.writeString(config, "topics.prefix=a/b");

    CommandRun run = topics("describe");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("topics.prefix is \"a/b\"");
  }

  @Test
  void shouldNameTheConfigFileThatIsNotThere() {
    CommandRun run = CommandRun.of("topics", "describe", "--config", "/no/such/file");

    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err()).contains("cannot read --config /no/such/file: there is no such file");
  }

  private CommandRun topics(String... args) {
    Stream<String> address =
        Stream.of("--bootstrap-servers", kafka.bootstrapServers(), "--config", config.toString());
    return CommandRun.of(
        Stream.of(Stream.of("topics"), Stream.of(args), address)
            .flatMap(part -> part)
            .toArray(String[]::new));
  }

  private static List<String> rows(CommandRun run) {
    return run.outLines().stream().skip(1).toList();
  }
}
