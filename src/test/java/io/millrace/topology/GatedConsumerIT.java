package io.millrace.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.KafkaUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class GatedConsumerIT {
  private static final int CAPACITY = 8;
  private static final int RECORDS = 200;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private final AtomicInteger held = new AtomicInteger();
  private final AtomicInteger mostHeld = new AtomicInteger();
  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicInteger ungated = new AtomicInteger();
  private final Gate gate = new Gate(CAPACITY, held::get);

  @Test
  void shouldLeaveTheBacklogInKafka(@TempDir Path state) throws Exception {
    String prefix = kafka.newPrefix();
    String gated = prefix + "gated";
    String free = prefix + "free";
    kafka.createTopics(new NewTopic(gated, 3, (short) 1), new NewTopic(free, 3, (short) 1));
    AtomicInteger allowance = new AtomicInteger();
    send(gated, RECORDS);

    StreamsApp app =
        StreamsApp.start(
            topology(gated, free, allowance),
            settings(prefix, state),
            Map.of(gated, gate),
            new Commits(),
            r -> {});
    try {
      Await.until("the gate shuts", () -> held.get() == CAPACITY);
      send(free, RECORDS);
      Await.until("the other topic is read", () -> ungated.get() == RECORDS);
      assertThat(finished).hasValue(0);
      assertThat(held).hasValue(CAPACITY);

      allowance.set(Integer.MAX_VALUE);
      Await.until("the backlog is worked off", () -> finished.get() == RECORDS);
      assertThat(mostHeld).hasValue(CAPACITY);
    } finally {
      app.close(Duration.ofSeconds(10));
    }
  }

  /** Holds records of the gated topic until the allowance lets them go, one at a time. */
  private Topology topology(String gated, String free, AtomicInteger allowance) {
    return new Topology()
        .addSource("gated", new ByteArrayDeserializer(), new ByteArrayDeserializer(), gated)
        .addSource("free", new ByteArrayDeserializer(), new ByteArrayDeserializer(), free)
        .addProcessor("hold", () -> new Holder(gated, allowance), "gated", "free");
  }

  private StreamsSettings settings(String prefix, Path state) {
    return new StreamsSettings(
        prefix + "app",
        kafka.bootstrapServers(),
        "one",
        state,
        Duration.ofSeconds(3),
        1 << 20,
        Map.of());
  }

  private static void send(String topic, int records) {
    Map<String, Object> config = Map.of("bootstrap.servers", kafka.bootstrapServers());
    try (var producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (int record = 0; record < records; record++) {
        producer.send(new ProducerRecord<>(topic, new byte[] {(byte) record}, new byte[0]));
      }
    }
  }

  private final class Holder extends ContextualProcessor<byte[], byte[], Void, Void> {
    private final String gated;
    private final AtomicInteger allowance;
    private final Deque<byte[]> mine = new ArrayDeque<>();

    Holder(String gated, AtomicInteger allowance) {
      this.gated = gated;
      this.allowance = allowance;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
      super.init(context);
      context.schedule(
          Duration.ofMillis(10), PunctuationType.WALL_CLOCK_TIME, timestamp -> release());
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      if (!context().recordMetadata().orElseThrow().topic().equals(gated)) {
        ungated.incrementAndGet();
        return;
      }
      mine.add(record.key());
      mostHeld.accumulateAndGet(held.incrementAndGet(), Math::max);
      gate.processed(context().recordMetadata().orElseThrow());
    }

    private void release() {
      while (!mine.isEmpty() && allowance.get() > 0) {
        allowance.decrementAndGet();
        mine.remove();
        held.decrementAndGet();
        finished.incrementAndGet();
      }
    }
  }
}
