package io.millrace.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.millrace.client.TopicFollower.Start;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Control;
import io.millrace.record.Control.Action;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Submits prompts and waits for their ends.
 *
 * <pre>{@code
 * var kafka = Map.of("bootstrap.servers", "localhost:9092");
 * try (var client = new MillraceClient(kafka, new Topics(""))) {
 *   Prompt prompt = Prompt.of("story-17", "Once upon a time").maxTokens(64).build();
 *   Completion completion = client.submit(prompt, chunk -> System.out.print(chunk.text())).join();
 * }
 * }</pre>
 *
 * <p>The future of a prompt ends with its completion record, which holds text or an error. It fails
 * with {@link MillraceClientException} when this client cannot learn the end: the prompt was not
 * published, or the client was closed. It waits as long as that takes: bound it with {@link
 * CompletableFuture#orTimeout}. An id that was submitted before, by anyone, may be answered once
 * only; so take new ones.
 *
 * <p>Thread-safe. Listeners, and what depends on the futures, run on threads that read for all
 * prompts: keep them quick.
 */
public final class MillraceClient implements AutoCloseable {
  /** The contract's {@code max.message.bytes} of {@code prompts}. */
  static final int MAX_PROMPT_BYTES = 2_097_152;

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  private final Map<String, Object> kafka;
  private final Topics topics;
  private final Map<String, List<TopicPartition>> partitions;
  private final KafkaProducer<byte[], byte[]> producer;
  private final ConcurrentMap<String, Following> followings = new ConcurrentHashMap<>();
  private final Map<String, FollowerThread> followers = new HashMap<>();
  private volatile Optional<MillraceClientException> broken = Optional.empty();

  /**
   * Connects.
   *
   * @param kafka settings of Kafka's clients; {@code bootstrap.servers} at least
   * @throws MillraceClientException when no broker answers within 10 s, or a topic is missing
   */
  public MillraceClient(Map<String, ?> kafka, Topics topics) {
    this.kafka = Map.copyOf(kafka);
    this.topics = requireNonNull(topics, "topics is null");
    partitions =
        TopicLookup.partitions(
            kafka, List.of(topics.prompts(), topics.chunks(), topics.completions()));
    producer = producer();
  }

  /** Publishes a prompt and waits for its completion. */
  public CompletableFuture<Completion> submit(Prompt prompt) {
    return submit(prompt.id(), prompt.toJson());
  }

  /**
   * Publishes a prompt and waits for its completion and its last chunk.
   *
   * @param onChunk gets the chunks in order, each before the future ends
   * @throws IllegalArgumentException when the prompt's {@code stream} is false
   */
  public CompletableFuture<Completion> submit(Prompt prompt, Consumer<? super Chunk> onChunk) {
    if (!prompt.stream()) {
      throw new IllegalArgumentException(
          "prompt %s asks for no chunks (stream is false), so there are none to follow"
              .formatted(prompt.id()));
    }
    return submit(prompt.id(), prompt.toJson(), onChunk);
  }

  /**
   * Publishes JSON as it is, and waits for its completion.
   *
   * @param id the record's key: equal to the JSON's {@code id} when it has one
   */
  public CompletableFuture<Completion> submit(String id, byte[] json) {
    return follow(id, json, Optional.empty());
  }

  /**
   * Publishes JSON as it is, and waits for its completion and its last chunk.
   *
   * @param id the record's key: equal to the JSON's {@code id} when it has one
   * @param onChunk gets the chunks in order, each before the future ends
   */
  public CompletableFuture<Completion> submit(
      String id, byte[] json, Consumer<? super Chunk> onChunk) {
    return follow(id, json, Optional.of(onChunk));
  }

  /**
   * Publishes JSON as it is, and waits for nothing but the brokers' acknowledgement.
   *
   * @param id the record's key: equal to the JSON's {@code id} when it has one
   */
  public CompletableFuture<Void> publish(String id, byte[] json) {
    throwIfBroken();
    return send(topics.prompts(), id, json);
  }

  private CompletableFuture<Void> send(String topic, String id, byte[] value) {
    CompletableFuture<Void> published = new CompletableFuture<>();
    var record = new ProducerRecord<>(topic, id.getBytes(UTF_8), value);
    try {
      producer.send(
          record,
          (_, failure) -> {
            if (failure == null) {
              published.complete(null);
            } else {
              published.completeExceptionally(unpublished(topic, id, failure));
            }
          });
    } catch (KafkaException e) {
      published.completeExceptionally(unpublished(topic, id, e));
    }
    return published;
  }

  /**
   * Asks for the end of a prompt, waiting or running; it gets a completion that says {@code
   * cancelled}. Nothing happens to one that has ended, or that is not known.
   *
   * @return ends with the brokers' acknowledgement
   * @throws MillraceClientException when there is no topic for it
   */
  public CompletableFuture<Void> cancel(String id) {
    TopicLookup.partitions(kafka, List.of(topics.control()));
    return send(topics.control(), id, new Control(Action.CANCEL).toJson());
  }

  /** Ends the futures that still wait, with {@link MillraceClientException}. */
  @Override
  public void close() {
    producer.close(CLOSE_TIMEOUT);
    List<FollowerThread> running;
    synchronized (followers) {
      fail(new MillraceClientException("the client is closed"));
      running = List.copyOf(followers.values());
    }
    running.forEach(FollowerThread::end);
  }

  private CompletableFuture<Completion> follow(
      String id, byte[] json, Optional<Consumer<? super Chunk>> onChunk) {
    followTopic(topics.completions(), this::readCompletion);
    if (onChunk.isPresent()) {
      followTopic(topics.chunks(), this::readChunk);
    }
    Following following = new Following(onChunk);
    if (followings.putIfAbsent(id, following) != null) {
      throw new IllegalArgumentException(
          "prompt %s is being followed already; give each prompt an id of its own".formatted(id));
    }
    CompletableFuture<Completion> result = following.result();
    result.whenComplete((_, _) -> followings.remove(id, following));
    // A follower that broke before the prompt was registered has not failed it.
    broken.ifPresent(result::completeExceptionally);
    publish(id, json)
        .whenComplete((_, failure) -> {
          if (failure != null) {
            result.completeExceptionally(failure);
          }
        });
    return result;
  }

  /** Starts to read a topic, unless that has happened: from now on, nothing of it is missed. */
  private void followTopic(String topic, Consumer<ConsumerRecord<byte[], byte[]>> listener) {
    synchronized (followers) {
      throwIfBroken();
      followers.computeIfAbsent(
          topic,
          name ->
              FollowerThread.start(
                  name,
                  TopicFollower.open(kafka, partitions.get(name), Start.END, listener),
                  this::fail));
    }
  }

  private void readCompletion(ConsumerRecord<byte[], byte[]> record) {
    read(record, (following, value) -> following.completion(Completion.fromJson(value)));
  }

  private void readChunk(ConsumerRecord<byte[], byte[]> record) {
    read(record, (following, value) -> following.chunk(Chunk.fromJson(value)));
  }

  private void read(ConsumerRecord<byte[], byte[]> record, BiConsumer<Following, byte[]> reader) {
    if (record.key() == null) {
      return;
    }
    String id = new String(record.key(), UTF_8);
    Following following = followings.get(id);
    if (following == null) {
      return;
    }
    try {
      reader.accept(following, record.value());
    } catch (RuntimeException e) {
      // A record that cannot be read, or a listener that threw: the fault of this prompt only.
      following
          .result()
          .completeExceptionally(
              new MillraceClientException(
                  "cannot follow prompt %s: %s".formatted(id, e.getMessage()), e));
    }
  }

  private void throwIfBroken() {
    broken.ifPresent(failure -> {
      throw failure;
    });
  }

  private static MillraceClientException unpublished(String topic, String id, Exception failure) {
    return new MillraceClientException(
        "prompt %s was not published to %s: %s".formatted(id, topic, failure.getMessage()),
        failure);
  }

  private void fail(MillraceClientException failure) {
    broken = Optional.of(failure);
    followings.forEach((id, following) ->
        following
            .result()
            .completeExceptionally(
                new MillraceClientException(
                    "the end of prompt %s is unknown: %s".formatted(id, failure.getMessage()),
                    failure)));
  }

  private KafkaProducer<byte[], byte[]> producer() {
    Map<String, Object> config = new HashMap<>();
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_PROMPT_BYTES);
    config.putAll(kafka);
    config.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    config.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    try {
      return new KafkaProducer<>(config);
    } catch (KafkaException e) {
      throw TopicLookup.unusable(kafka, e);
    }
  }

  /** A follower with the thread that reads for it. */
  private record FollowerThread(TopicFollower follower, Thread thread) {
    static FollowerThread start(
        String topic, TopicFollower follower, Consumer<MillraceClientException> onFailure) {
      Thread thread =
          Thread.ofPlatform()
              .daemon()
              .name("millrace-" + topic)
              .start(() -> {
                try {
                  follower.run();
                } catch (MillraceClientException e) {
                  onFailure.accept(e);
                }
              });
      return new FollowerThread(follower, thread);
    }

    void end() {
      follower.close();
      // A listener may close the client: it runs on this very thread.
      if (thread != Thread.currentThread()) {
        try {
          thread.join(CLOSE_TIMEOUT);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
