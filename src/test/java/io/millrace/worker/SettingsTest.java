package io.millrace.worker;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  private static final Path SHIPPED = Path.of("config", "worker.properties");

  @TempDir private Path directory;

  @Test
  void shouldShipEveryKeyWithItsDefault() throws Exception {
    Properties shipped = new Properties();
    try (Reader reader = Files.newBufferedReader(SHIPPED)) {
      shipped.load(reader);
    }

    Map<String, String> defaults =
        Settings.ALL.stream().collect(toMap(Setting::name, Setting::defaultText));

    assertThat(shipped).containsExactlyInAnyOrderEntriesOf(defaults);
  }

  @Test
  void shouldLoadWhatIsShipped() {
    Settings settings = Settings.load(SHIPPED);

    assertThat(Settings.ALL)
        .allSatisfy(setting ->
            assertThat(settings.get(setting)).isEqualTo(Settings.defaults().get(setting)));
  }

  @Test
  void shouldExplainEveryKeyInTheLinesAboveIt() throws Exception {
    String text = Files.readString(SHIPPED);

    assertThat(Settings.ALL)
        .allSatisfy(setting ->
            assertThat(text).containsPattern("\n# [^\n]+\n" + setting.name() + "=[^\n]*\n"));
  }

  @Test
  void shouldReadValues() throws Exception {
    Settings settings =
        load(
            """
            worker.id = mini-1
            worker.slots=16
            worker.memory=8GiB
            worker.routes=false
            metrics.port=off
            router.no-worker-timeout=10m
            """);

    assertThat(settings.get(Settings.WORKER_ID)).contains("mini-1");
    assertThat(settings.get(Settings.WORKER_SLOTS)).isEqualTo(16);
    assertThat(settings.get(Settings.WORKER_MEMORY)).isEqualTo(OptionalLong.of(8L << 30));
    assertThat(settings.get(Settings.WORKER_ROUTES)).isFalse();
    assertThat(settings.get(Settings.METRICS_PORT)).isEqualTo(OptionalInt.empty());
    assertThat(settings.get(Settings.ROUTER_NO_WORKER_TIMEOUT)).isEqualTo(Duration.ofMinutes(10));
    assertThat(settings.get(Settings.WORKER_HEARTBEAT_INTERVAL)).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void shouldPassKafkaSettingsOn() throws Exception {
    Settings settings =
        load("kafka.security.protocol=SSL\nkafka.linger.ms=5\nkafka.bootstrap.servers=a:1\n");

    assertThat(settings.kafka()).isEqualTo(Map.of("security.protocol", "SSL", "linger.ms", "5"));
    assertThat(settings.get(Settings.BOOTSTRAP_SERVERS)).contains("a:1");
  }

  @Test
  void shouldPutOneValueOverTheFile() throws Exception {
    Settings settings = load("worker.slots=16\n").with(Settings.WORKER_SLOTS, "4");

    assertThat(settings.get(Settings.WORKER_SLOTS)).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource({
    "worker.slot=4, worker.slots",
    "router.waiting=4, router.waiting-bytes",
    "bootstrap.servers=a:1, kafka.bootstrap.servers"
  })
  void shouldNameTheNearestKeyForAnUnknownOne(String line, String nearest) {
    assertThatThrownBy(() -> load(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("settings.properties")
        .hasMessageContaining("no setting " + line.substring(0, line.indexOf('=')))
        .hasMessageContaining("did you mean " + nearest + "?");
  }

  @ParameterizedTest
  @CsvSource({
    "worker.slots=0, at least 1",
    "worker.slots=many, at least 1",
    "worker.routes=yes, true or false",
    "worker.memory=8GB, 8GiB",
    "worker.heartbeat-interval=5, 30s",
    "worker.heartbeat-interval=99999999999999999h, 30s",
    "router.waiting-bytes=99999999999GiB, 8GiB",
    "metrics.port=65536, 65535",
    "worker.backend=gpu, metal",
    "worker.threads=0, or auto",
    "prompt.max-bytes=0, from 1 to",
    "prompt.max-bytes=1GiB, from 1 to"
  })
  void shouldSayWhatAValueMustLookLike(String line, String expected) {
    assertThatThrownBy(() -> load(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("settings.properties")
        .hasMessageContaining(line)
        .hasMessageContaining(expected);
  }

  @Test
  void shouldNameAFileThatIsNotThere() {
    assertThatThrownBy(() -> Settings.load(directory.resolve("none.properties")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("none.properties does not exist");
  }

  @Test
  void shouldNameAFileThatIsNotUtf8() throws Exception {
    Path file = directory.resolve("latin1.properties");
    Files.write(file, "worker.id=caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> Settings.load(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("is not UTF-8");
  }

  private Settings load(String text) throws Exception {
    Path file = directory.resolve("settings.properties");
    Files.writeString(file, text);
    return Settings.load(file);
  }
}
