package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
  @ParameterizedTest
  @CsvSource({"250ms, PT0.25S", "30s, PT30S", "' 10 m ', PT10M", "1h, PT1H", "0s, PT0S"})
  void shouldReadTimes(String text, Duration duration) {
    assertThat(Quantity.duration(text)).isEqualTo(duration);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "65536, 65536",
    "512KiB, 524288",
    "512K, 524288",
    "32MiB, 33554432",
    "8G, 8589934592",
    "1 TiB, 1099511627776"
  })
  void shouldReadSizes(String text, long bytes) {
    assertThat(Quantity.bytes(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "s", "5", "-5s", "1.5s", "5 days", "5S", "99999999999999999999s"})
  void shouldRefuseWhatIsNoTime(String text) {
    assertThatThrownBy(() -> Quantity.duration(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GiB", "-1", "8GB", "8gib", "1e9", "99999999999TiB"})
  void shouldRefuseWhatIsNoSize(String text) {
    assertThatThrownBy(() -> Quantity.bytes(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text);
  }
}
