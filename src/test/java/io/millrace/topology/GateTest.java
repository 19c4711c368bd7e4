package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.junit.jupiter.api.Test;

class GateTest {
  private final AtomicInteger held = new AtomicInteger();
  private final Gate gate = new Gate(2, held::get);

  @Test
  void shouldShutWhenTheAppHoldsItsCapacity() {
    held.set(1);
    assertThat(gate.isOpen()).isTrue();

    held.set(2);
    assertThat(gate.isOpen()).isFalse();

    held.set(1);
    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void shouldCountRecordsOnTheirWayToAProcessor() {
    gate.handOut(record(0, 5));
    gate.handOut(record(1, 5));

    assertThat(gate.isOpen()).isFalse();
  }

  @Test
  void shouldCountARecordOnceItIsProcessedAsHeldOnly() {
    gate.handOut(record(0, 5));
    held.incrementAndGet();
    gate.processed(new Metadata(0, 5));

    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void shouldForgetRecordsThatKafkaStreamsSkipped() {
    gate.handOut(record(0, 5));
    gate.handOut(record(0, 6));

    gate.processed(new Metadata(0, 6));

    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void shouldCountARecordThatIsReadAgainOnce() {
    gate.handOut(record(0, 5));
    gate.handOut(record(0, 5));

    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void shouldForgetRecordsOfPartitionsThatLeft() {
    gate.handOut(record(0, 5));
    gate.handOut(record(1, 5));

    gate.forget(List.of(new TopicPartition("work", 1)));

    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void shouldRefuseToHoldNothing() {
    assertThatThrownBy(() -> new Gate(0, held::get)).hasMessageContaining("capacity is 0");
  }

  private static ConsumerRecord<byte[], byte[]> record(int partition, long offset) {
    return new ConsumerRecord<>("work", partition, offset, new byte[0], new byte[0]);
  }

  private record Metadata(int partition, long offset) implements RecordMetadata {
    @Override
    public String topic() {
      return "work";
    }
  }
}
