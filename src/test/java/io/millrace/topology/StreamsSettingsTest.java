package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamsSettingsTest {
  @Test
  void shouldGiveOwnSettingsToTheClients() {
    StreamsConfig config = config(Map.of());

    assertThat(consumer(config))
        .containsEntry("max.poll.records", 1)
        .containsEntry("session.timeout.ms", 6000)
        .containsEntry("heartbeat.interval.ms", 600)
        .containsEntry("auto.offset.reset", "earliest")
        .containsEntry("isolation.level", "read_committed")
        .containsEntry("group.instance.id", "mini-7-1");
    assertThat(config.getProducerConfigs("client")).containsEntry("transaction.timeout.ms", 2000);
  }

  @Test
  void shouldRestoreManyRecordsAtOnce() {
    assertThat(config(Map.of()).getRestoreConsumerConfigs("client"))
        .containsEntry("max.poll.records", "1000");
  }

  @Test
  void shouldPassFurtherSettingsToEveryClient() {
    StreamsConfig config = config(Map.of("security.protocol", "SSL", "session.timeout.ms", "9000"));

    assertThat(consumer(config))
        .containsEntry("security.protocol", "SSL")
        .containsEntry("session.timeout.ms", "9000");
    assertThat(config.getProducerConfigs("client")).containsEntry("security.protocol", "SSL");
    assertThat(config.getAdminConfigs("client")).containsEntry("security.protocol", "SSL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "processing.guarantee",
        "group.protocol",
        "max.poll.records",
        "main.consumer.max.poll.records",
        "producer.transactional.id"
      })
  void shouldRefuseSettingsThatItsPromisesRestOn(String key) {
    assertThatThrownBy(() -> config(Map.of(key, "any")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("kafka." + key);
  }

  private static Map<String, Object> consumer(StreamsConfig config) {
    return config.getMainConsumerConfigs("app", "client", 1);
  }

  private static StreamsConfig config(Map<String, String> kafka) {
    return new StreamsConfig(
        new StreamsSettings(
                "app",
                "localhost:9092",
                "mini-7",
                Path.of("state"),
                Duration.ofSeconds(6),
                1,
                kafka)
            .config());
  }
}
