package io.millrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.client.TopicFollower;
import io.millrace.client.TopicFollower.Start;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.MalformedRecordException;
import io.millrace.record.Printable;
import io.millrace.record.Topics;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows chunks and completions as they are published. */
@Command(
    name = "tail",
    description = "Shows chunks and completions as they are committed, until Ctrl-C.",
    footer = {
      "",
      "Examples:",
      "  millrace tail",
      "  millrace tail --from-beginning --completions-only --json"
    })
final class TailCommand implements Callable<Integer> {
  private static final int SHUTDOWN_SECONDS = 10;

  private final ObjectMapper mapper =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  @Spec private CommandSpec spec;
  @Mixin private KafkaOptions kafka;

  @Option(
      names = "--from-beginning",
      description = "Start with the oldest record instead of the next one.")
  private boolean fromBeginning;

  @Option(names = "--completions-only", description = "Leave out the chunks.")
  private boolean completionsOnly;

  @Option(
      names = "--json",
      description = "A line of JSON for each record: its topic, partition, offset, key and value.")
  private boolean json;

  private TopicFollower follower;

  @Override
  public Integer call() {
    KafkaOptions.silenceClients();
    Topics topics = kafka.topics();
    follower =
        TopicFollower.open(
            kafka.clients(),
            completionsOnly
                ? List.of(topics.completions())
                : List.of(topics.chunks(), topics.completions()),
            fromBeginning ? Start.BEGINNING : Start.END,
            this::print);
    followUntilInterrupted();
    return 0;
  }

  private void followUntilInterrupted() {
    CountDownLatch ended = new CountDownLatch(1);
    Thread stop =
        new Thread(() -> {
          follower.close();
          try {
            ended.await(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    Runtime.getRuntime().addShutdownHook(stop);
    try {
      follower.run();
    } finally {
      ended.countDown();
    }
  }

  private void print(ConsumerRecord<byte[], byte[]> record) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(json ? jsonLine(record) : readableLine(record));
    // It flushes; and whoever read this may have gone, as head does.
    if (out.checkError()) {
      follower.close();
    }
  }

  private String readableLine(ConsumerRecord<byte[], byte[]> record) {
    try {
      return record.topic().equals(kafka.topics().chunks())
          ? RecordLines.of(Chunk.fromJson(record.value()))
          : RecordLines.of(Completion.fromJson(record.value()));
    } catch (MalformedRecordException e) {
      return "unreadable  %s-%d-%d  %s"
          .formatted(
              record.topic(),
              record.partition(),
              record.offset(),
              Printable.escape(e.getMessage()));
    }
  }

  private String jsonLine(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode line = mapper.createObjectNode();
    line.put("topic", record.topic());
    line.put("partition", record.partition());
    line.put("offset", record.offset());
    line.put("key", record.key() == null ? null : new String(record.key(), UTF_8));
    if (record.value() == null) {
      line.putNull("value");
    } else {
      putValue(line, record.value());
    }
    return line.toString();
  }

  /** What is no JSON is shown as text: somebody else writes to the topic. */
  private void putValue(ObjectNode line, byte[] value) {
    try {
      line.set("value", mapper.readTree(value));
    } catch (IOException e) {
      line.put("value", new String(value, UTF_8));
    }
  }
}
