package io.millrace.faults;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads {@code chunks} and {@code completions} from their beginning, read-committed, and proves or
 * disproves what the contract promises. It shares no code with what it judges: it knows the records
 * by the words of {@code topology/asyncapi.yaml} only.
 */
final class TopicAudit implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(20);

  private final ObjectMapper json = new ObjectMapper();
  private final String chunks;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Record> records = new TreeMap<>();
  private final List<String> faults = new ArrayList<>();
  private final Set<String> underway = new HashSet<>();
  private long ended;

  /**
   * @param prefix of the topics
   */
  TopicAudit(String bootstrapServers, String prefix) {
    chunks = prefix + "chunks";
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                "false"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        Stream.of(chunks, prefix + "completions")
            .flatMap(topic -> consumer.partitionsFor(topic).stream())
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList();
    consumer.assign(partitions);
  }

  /** What was read of one prompt. */
  private static final class Record {
    private final Map<Integer, ChoiceRecord> choices = new TreeMap<>();
    private final List<JsonNode> completions = new ArrayList<>();
    private long lastSeen;

    boolean isUnderway() {
      return choices.values().stream().anyMatch(choice -> choice.finishReason.isEmpty());
    }
  }

  /** What was read of the chunks of one choice. */
  private static final class ChoiceRecord {
    private final StringBuilder text = new StringBuilder();
    private int next;
    private long tokens;
    private Optional<String> finishReason = Optional.empty();
  }

  /** Reads what has come; always true, so that a condition can follow. */
  boolean poll() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
      String id = new String(record.key(), UTF_8);
      JsonNode value = parse(record);
      if (!value.path("id").asText().equals(id)) {
        faults.add("%s: the record's key, its id is %s".formatted(id, value.path("id")));
      }
      Record seen = records.computeIfAbsent(id, first -> new Record());
      seen.lastSeen = System.currentTimeMillis();
      if (record.topic().equals(chunks)) {
        addChunk(id, seen, value);
      } else {
        ended += seen.completions.isEmpty() ? 1 : 0;
        seen.completions.add(value);
      }
    }
    return true;
  }

  private void addChunk(String id, Record record, JsonNode chunk) {
    int choice = chunk.path("choice").asInt(-1);
    ChoiceRecord seen = record.choices.computeIfAbsent(choice, first -> new ChoiceRecord());
    int index = chunk.path("index").asInt(-1);
    if (index != seen.next) {
      faults.add("%s: chunk %d where %d is due".formatted(id, index, seen.next));
    }
    if (seen.finishReason.isPresent()) {
      faults.add("%s: chunk %d after the last".formatted(id, index));
    }
    seen.next = index + 1;
    seen.text.append(chunk.path("text").asText());
    seen.tokens += chunk.path("tokens").size();
    if (!chunk.path("finish_reason").isNull()) {
      seen.finishReason = Optional.of(chunk.path("finish_reason").asText());
    }
    if (record.isUnderway()) {
      underway.add(id);
    } else {
      underway.remove(id);
    }
  }

  private JsonNode parse(ConsumerRecord<byte[], byte[]> record) {
    try {
      return json.readTree(record.value());
    } catch (IOException e) {
      throw new UncheckedIOException("%s holds no JSON".formatted(record), e);
    }
  }

  /** Prompts that have a completion. */
  long ended() {
    return ended;
  }

  /** Whether each of the prompts has its completion and, if it streams, its last chunks. */
  boolean haveEnded(Collection<String> ids) {
    return ids.stream().allMatch(this::hasEnded);
  }

  boolean hasEnded(String id) {
    Record seen = records.get(id);
    return seen != null && !seen.completions.isEmpty() && !seen.isUnderway();
  }

  /** Prompts of which there are chunks, but not all of the last. */
  Set<String> underway() {
    return Set.copyOf(underway);
  }

  /** When something of the prompt was read last, epoch milliseconds. */
  long lastSeen(String id) {
    return records.get(id).lastSeen;
  }

  /** The code of the prompt's error; empty when it has a text. */
  Optional<String> error(String id) {
    JsonNode error = records.get(id).completions.getFirst().path("error");
    return error.isMissingNode() ? Optional.empty() : Optional.of(error.path("code").asText());
  }

  /** Texts of the prompts that have some, one for each choice. */
  Map<String, List<String>> texts() {
    Map<String, List<String>> texts = new HashMap<>();
    records.forEach((id, seen) -> {
      for (JsonNode completion : seen.completions) {
        if (!completion.has("error")) {
          texts.put(id, completion.path("choices").findValuesAsText("text"));
        }
      }
    });
    return texts;
  }

  /** What is wrong, one line each; empty when all is well. */
  List<String> faults(Collection<String> ids) {
    List<String> found = new ArrayList<>(faults);
    for (String id : ids) {
      Record seen = records.getOrDefault(id, new Record());
      if (seen.completions.size() != 1) {
        found.add("%s: %d completions".formatted(id, seen.completions.size()));
      } else {
        compare(id, seen, seen.completions.getFirst(), found);
      }
    }
    records.keySet().stream()
        .filter(id -> !ids.contains(id))
        .forEach(id -> found.add("%s: nobody sent it".formatted(id)));
    return found;
  }

  private static void compare(String id, Record seen, JsonNode completion, List<String> found) {
    if (seen.choices.isEmpty()) {
      return; // it does not stream
    }
    if (completion.has("error")) {
      seen.choices.values().forEach(choice -> compareEnd(id, choice, "error", found));
      return;
    }
    JsonNode choices = completion.path("choices");
    if (choices.size() != seen.choices.size()) {
      found.add(
          "%s: %d choices, its chunks are of %s"
              .formatted(id, choices.size(), seen.choices.keySet()));
      return;
    }
    for (JsonNode choice : choices) {
      ChoiceRecord chunks =
          seen.choices.getOrDefault(choice.path("index").asInt(-1), new ChoiceRecord());
      compareEnd(id, chunks, choice.path("finish_reason").asText(), found);
      String text = choice.path("text").asText();
      if (!text.contentEquals(chunks.text)) {
        found.add("%s: the text is «%s», its chunks say «%s»".formatted(id, text, chunks.text));
      }
    }
    long counted = completion.at("/usage/completion_tokens").asLong(-1);
    long tokens = seen.choices.values().stream().mapToLong(choice -> choice.tokens).sum();
    if (counted != tokens) {
      found.add("%s: %d tokens, its chunks have %d".formatted(id, counted, tokens));
    }
  }

  private static void compareEnd(String id, ChoiceRecord seen, String reason, List<String> found) {
    if (!seen.finishReason.equals(Optional.of(reason))) {
      found.add("%s: ends as %s, its chunks as %s".formatted(id, reason, seen.finishReason));
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
