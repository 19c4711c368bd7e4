package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class WaitingKeyTest {
  @Test
  void shouldReadWhatItWrites() {
    List<WaitingKey> keys =
        List.of(
            new WaitingKey(true, Integer.MIN_VALUE, 0, "p"),
            new WaitingKey(false, Integer.MAX_VALUE, Long.MAX_VALUE, "p\u00e9\ud83d\ude00"));

    assertThat(keys).allSatisfy(key -> assertThat(WaitingKey.of(key.toBytes())).isEqualTo(key));
  }

  @Test
  void shouldOrderByUrgencyThenPriorityThenArrival() {
    List<WaitingKey> ordered =
        List.of(
            new WaitingKey(true, 9, 9, "urgent"),
            new WaitingKey(false, -1, 8, "important"),
            new WaitingKey(false, 0, 6, "early"),
            new WaitingKey(false, 0, 7, "late"));

    assertThat(Stream.of(3, 1, 0, 2).map(ordered::get).sorted().toList()).isEqualTo(ordered);
  }

  @Test
  void shouldTellWhenThePromptWasAccepted() {
    assertThat(new WaitingKey(false, 0, 1_234_567, "p").acceptedAt()).isEqualTo(1_234);
  }
}
