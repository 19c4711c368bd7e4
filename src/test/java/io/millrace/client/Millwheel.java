package io.millrace.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.Await;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.Choice;
import io.millrace.record.ErrorCode;
import io.millrace.record.Origin;
import io.millrace.record.ParsedPrompt.Valid;
import io.millrace.record.Prompt;
import io.millrace.record.PromptParser;
import io.millrace.record.Topics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Answers prompts as router and workers do, in transactions, with texts that a test chooses. */
public final class Millwheel implements AutoCloseable {
  private final Topics topics;
  private final KafkaProducer<String, byte[]> producer;
  private final KafkaConsumer<String, byte[]> consumer;
  private final Queue<ConsumerRecord<String, byte[]>> published = new ArrayDeque<>();

  public Millwheel(String bootstrapServers, Topics topics) {
    this.topics = topics;
    producer =
        new KafkaProducer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "transactional.id",
                UUID.randomUUID().toString()),
            new StringSerializer(),
            new ByteArraySerializer());
    consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrapServers, "auto.offset.reset", "earliest"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    producer.initTransactions();
    consumer.assign(List.of(new TopicPartition(topics.prompts(), 0)));
  }

  /** A record as somebody published it. */
  public record Published(String key, String value) {}

  /** The next prompt that somebody published; it must be a valid one. */
  public Prompt nextPrompt() {
    ConsumerRecord<String, byte[]> record = next();
    Origin origin =
        new Origin(record.topic(), record.partition(), record.offset(), record.timestamp());
    PromptParser parser = new PromptParser(1 << 20);
    return ((Valid) parser.parse(record.key().getBytes(UTF_8), record.value(), origin)).prompt();
  }

  /** What somebody published next, whatever it is. */
  public Published nextRecord() {
    ConsumerRecord<String, byte[]> record = next();
    return new Published(record.key(), new String(record.value(), UTF_8));
  }

  private ConsumerRecord<String, byte[]> next() {
    Await.until(
        "a prompt is published",
        () -> {
          if (published.isEmpty()) {
            consumer.poll(Duration.ofMillis(100)).forEach(published::add);
          }
          return !published.isEmpty();
        });
    return published.remove();
  }

  /** Publishes chunks and the completion in one transaction. */
  public void complete(String id, String... texts) {
    producer.beginTransaction();
    sendChunks(id, true, texts);
    send(topics.completions(), id, completion(id, String.join("", texts)).toJson());
    producer.commitTransaction();
  }

  /** Publishes the same completion for many prompts, in one transaction. */
  public void completeAll(List<String> ids, String text) {
    producer.beginTransaction();
    for (String id : ids) {
      sendChunks(id, true, text);
      send(topics.completions(), id, completion(id, text).toJson());
    }
    producer.commitTransaction();
  }

  public void completeWithoutChunks(String id, String text) {
    producer.beginTransaction();
    send(topics.completions(), id, completion(id, text).toJson());
    producer.commitTransaction();
  }

  /**
   * Publishes chunks in one transaction.
   *
   * @param ended whether the last of them ends the choice
   */
  public void chunks(String id, boolean ended, String... texts) {
    producer.beginTransaction();
    sendChunks(id, ended, texts);
    producer.commitTransaction();
  }

  /** Writes chunks in a transaction that does not commit. */
  public void abort(String id, String... texts) {
    producer.beginTransaction();
    sendChunks(id, true, texts);
    producer.flush();
    producer.abortTransaction();
  }

  /** Publishes an error, and the chunk that goes with it. */
  public void refuse(String id, ErrorCode code) {
    Completion completion =
        Completion.refused(id, 1, Optional.empty(), code.error("why"), Map.of());
    producer.beginTransaction();
    send(
        topics.chunks(), id, new Chunk(id, 0, 0, "", List.of(), Optional.of(Chunk.ERROR)).toJson());
    send(topics.completions(), id, completion.toJson());
    producer.commitTransaction();
  }

  /** Publishes any text. */
  public void publish(String topic, String key, String value) {
    producer.beginTransaction();
    send(topic, key, value.getBytes(UTF_8));
    producer.commitTransaction();
  }

  public static Completion completion(String id, String text) {
    return new Completion(
        id,
        1,
        Optional.of("m"),
        Optional.of("f"),
        List.of(new Choice(0, text, "stop")),
        Optional.empty(),
        Optional.of("w"),
        Optional.empty(),
        Optional.empty(),
        Map.of());
  }

  @Override
  public void close() {
    producer.close();
    consumer.close();
  }

  private void sendChunks(String id, boolean ended, String... texts) {
    for (int i = 0; i < texts.length; i++) {
      boolean last = ended && i == texts.length - 1;
      Optional<String> reason = last ? Optional.of("stop") : Optional.empty();
      send(topics.chunks(), id, new Chunk(id, 0, i, texts[i], List.of(i), reason).toJson());
    }
  }

  private void send(String topic, String id, byte[] value) {
    producer.send(new ProducerRecord<>(topic, id, value));
  }
}
