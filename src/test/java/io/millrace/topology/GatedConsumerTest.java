package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a consumer pauses does not depend on a broker, and there is none here. */
class GatedConsumerTest {
  private static final TopicPartition GATED = new TopicPartition("gated", 0);
  private static final TopicPartition OTHER_GATED = new TopicPartition("gated", 1);
  private static final TopicPartition FREE = new TopicPartition("free", 0);

  private final AtomicInteger held = new AtomicInteger();
  private final Gate gate = new Gate(1, held::get);
  private final GatedConsumer consumer =
      new GatedConsumer(
          Map.of(
              "bootstrap.servers",
              "127.0.0.1:9",
              "enable.auto.commit",
              "false",
              "auto.offset.reset",
              "earliest"),
          Map.of("gated", gate),
          new OffsetFence());

  @BeforeEach
  void assign() {
    consumer.assign(List.of(GATED, OTHER_GATED, FREE));
  }

  @AfterEach
  void close() {
    consumer.close(CloseOptions.timeout(Duration.ZERO));
  }

  @Test
  void shouldHoldBackTheGatedTopicOnly() {
    shut();

    assertThat(consumer.paused()).containsExactlyInAnyOrder(GATED, OTHER_GATED);
  }

  @Test
  void shouldReadAgainWhenTheGateOpens() {
    shut();
    open();

    assertThat(consumer.paused()).isEmpty();
  }

  @Test
  void shouldNotResumeWhatKafkaStreamsPaused() {
    consumer.pause(List.of(GATED, FREE));
    shut();
    open();

    assertThat(consumer.paused()).containsExactlyInAnyOrder(GATED, FREE);
  }

  @Test
  void shouldNotLetKafkaStreamsResumeWhatTheGateHoldsBack() {
    consumer.pause(List.of(GATED, FREE));
    shut();
    consumer.resume(List.of(GATED, FREE));
    assertThat(consumer.paused()).containsExactlyInAnyOrder(GATED, OTHER_GATED);

    open();
    assertThat(consumer.paused()).isEmpty();
  }

  @Test
  void shouldPauseAPartitionThatLeftAndCameBack() {
    shut();
    consumer.assign(List.of(FREE));
    consumer.assign(List.of(GATED, FREE));
    shut();

    assertThat(consumer.paused()).containsExactly(GATED);
  }

  @Test
  void shouldForgetWhatWasHandedOutWhenKafkaStreamsGoesBack() {
    gate.handOut(new ConsumerRecord<>("gated", 0, 7, new byte[0], new byte[0]));
    assertThat(gate.isOpen()).isFalse();

    consumer.seek(GATED, new OffsetAndMetadata(7));

    assertThat(gate.isOpen()).isTrue();
  }

  private void shut() {
    held.set(1);
    consumer.poll(Duration.ZERO);
  }

  private void open() {
    held.set(0);
    consumer.poll(Duration.ZERO);
  }
}
