package io.millrace.worker;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.millrace.record.Topics;
import io.millrace.topology.TopicContract;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Ends the prompts of a model that no worker serves any more: those on its lanes and those that
 * workers have left unfinished, and what routers still have for it. It joins as a worker that
 * answers everything with an error, until nothing more comes; then it makes routers forget the
 * model.
 */
public final class ModelDrain {
  private static final Duration LOOK = Duration.ofMillis(200);

  private final AppSettings settings;
  private final String model;
  private final Duration quiet;

  /**
   * @param settings of a worker
   * @param quiet how long nothing must have come before it ends; longer than routers take to hear
   *     of a new worker
   * @throws IllegalArgumentException when the name cannot be a model's
   */
  public ModelDrain(Settings settings, String model, Duration quiet) {
    Settings quietly =
        settings
            .with(Settings.WORKER_ID, "drain-" + model)
            .with(Settings.WORKER_ROUTES, "false")
            .with(Settings.METRICS_PORT, "off");
    this.settings = new AppSettings(quietly, InstanceId.of(quietly, ""));
    this.model = model;
    this.quiet = quiet;
    topics().work(model);
  }

  /**
   * Drains.
   *
   * @return prompts that were ended
   * @throws IllegalStateException when a live worker serves the model, or the node cannot go on
   */
  public int run() throws InterruptedException {
    RemovedModel removed = new RemovedModel(model);
    try (Node node = Node.startWorker(settings.settings(), model, removed)) {
      awaitQuiet(removed, node);
    }
    forget();
    return removed.ended();
  }

  private void awaitQuiet(RemovedModel removed, Node node) throws InterruptedException {
    int ended = -1;
    long quietSince = System.nanoTime();
    try (Admin admin = Admin.create(new HashMap<String, Object>(settings.clientConfig()))) {
      while (System.nanoTime() - quietSince < quiet.toNanos()) {
        MILLISECONDS.sleep(LOOK.toMillis());
        if (node.hasFailed()) {
          throw new IllegalStateException(node.awaitFailure());
        }
        if (removed.ended() != ended || !node.awaitReady(Duration.ZERO) || lag(admin) > 0) {
          ended = removed.ended();
          quietSince = System.nanoTime();
        }
      }
    }
  }

  /** Records on the lanes that have not been taken. */
  private long lag(Admin admin) throws InterruptedException {
    try {
      String work = topics().work(model);
      Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
      admin
          .describeTopics(List.of(work))
          .allTopicNames()
          .get()
          .get(work)
          .partitions()
          .forEach(
              lane -> latest.put(new TopicPartition(work, lane.partition()), OffsetSpec.latest()));
      Map<TopicPartition, OffsetAndMetadata> taken =
          admin
              .listConsumerGroupOffsets(settings.workerStreams(model).applicationId())
              .partitionsToOffsetAndMetadata()
              .get();
      var ends = admin.listOffsets(latest).all().get();
      var begins = admin.listOffsets(earliest(latest)).all().get();
      return ends.entrySet().stream()
          .mapToLong(end -> {
            OffsetAndMetadata position = taken.get(end.getKey());
            long from = position == null ? begins.get(end.getKey()).offset() : position.offset();
            // The markers that end transactions have offsets too, and nobody takes them.
            return Math.max(0, end.getValue().offset() - from - 1);
          })
          .sum();
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "cannot look at the lanes of %s: %s".formatted(model, e.getCause().getMessage()), e);
    }
  }

  private static Map<TopicPartition, OffsetSpec> earliest(Map<TopicPartition, OffsetSpec> lanes) {
    Map<TopicPartition, OffsetSpec> earliest = new HashMap<>();
    lanes.keySet().forEach(lane -> earliest.put(lane, OffsetSpec.earliest()));
    return earliest;
  }

  /** Deletes the heartbeats of the model. */
  private void forget() {
    int lanes = TopicContract.load(topics()).work(model).partitions();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            new HashMap<String, Object>(settings.clientConfig()),
            new StringSerializer(),
            new ByteArraySerializer())) {
      for (int lane = 0; lane < lanes; lane++) {
        producer.send(new ProducerRecord<>(topics().workers(), model + "/" + lane, null));
      }
    }
  }

  private Topics topics() {
    return settings.topics();
  }
}
