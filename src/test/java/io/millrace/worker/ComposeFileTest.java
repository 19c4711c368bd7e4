package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.millrace.record.Topics;
import io.millrace.topology.TopicContract;
import io.millrace.topology.TopicSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.apache.kafka.common.utils.AppInfoParser;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Holds docker-compose.yml against the contract and the settings that failover needs. */
class ComposeFileTest {
  private JsonNode services;

  @BeforeEach
  void read() throws Exception {
    services =
        new YAMLMapper().readTree(Path.of("docker-compose.yml").toFile()).required("services");
  }

  @Test
  void shouldCreateTheTopicsOfTheContract() {
    String script = services.at("/topics/command/0").textValue();

    List<String> created =
        script.lines().map(String::strip).filter(line -> line.startsWith("create ")).toList();

    assertThat(created)
        .containsExactlyElementsOf(
            TopicContract.load(new Topics("")).shared().stream()
                .map(ComposeFileTest::command)
                .toList());
  }

  @Test
  void shouldSetWhatFailoverNeeds() {
    JsonNode environment = services.at("/kafka/environment");

    assertThat(EmbeddedBroker.QUICK_FAILOVER)
        .allSatisfy((key, value) ->
            assertThat(environment.path(variable(key)).textValue()).as(key).isEqualTo(value));
  }

  @Test
  void shouldRunTheKafkaThatTheBuildTests() {
    String image = "apache/kafka:" + AppInfoParser.getVersion();

    assertThat(services.at("/kafka/image").textValue()).isEqualTo(image);
    assertThat(services.at("/topics/image").textValue()).isEqualTo(image);
  }

  @Test
  void shouldListenOnTheLoopbackAddressOfTheHostOnly() {
    assertThat(services.at("/kafka/ports")).hasSize(1);
    assertThat(services.at("/kafka/ports/0").textValue()).startsWith("127.0.0.1:");
  }

  private static String command(TopicSpec topic) {
    StringBuilder command =
        new StringBuilder("create %s --partitions %d".formatted(topic.name(), topic.partitions()));
    new TreeMap<>(topic.configs())
        .forEach((key, value) -> command.append(" --config %s=%s".formatted(key, value)));
    return command.toString();
  }

  private static String variable(String setting) {
    return "KAFKA_" + setting.replace('.', '_').toUpperCase(Locale.ROOT);
  }
}
