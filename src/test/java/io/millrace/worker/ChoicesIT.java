package io.millrace.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.millrace.Await;
import io.millrace.DelegatingEngine;
import io.millrace.KafkaClients;
import io.millrace.KafkaUnderTest;
import io.millrace.OutputChecker;
import io.millrace.OutputReader;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.Penalties;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.Sampling;
import io.millrace.engine.StopConditions;
import io.millrace.record.Chunk;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Topics;
import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Several choices and structured output of the bundled model, from topic to topic. */
class ChoicesIT {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String PROMPT = "Once upon a time there was a fox";
  private static final String SCHEMA =
      """
      {"type": "object",
       "properties": {"hero": {"type": "string", "minLength": 1, "maxLength": 16},
                      "age": {"type": "integer", "minimum": 1, "maximum": 99},
                      "place": {"enum": ["forest", "river", "mill"]}},
       "required": ["hero", "age", "place"], "additionalProperties": false}
      """;
  private static final Asked TALE = new Asked("tale", 3, 60, new ResponseFormat.Text());
  private static final Asked FACTS =
      new Asked("facts", 3, 120, new ResponseFormat.JsonSchema(SCHEMA));
  private static final List<Asked> ALL = List.of(TALE, FACTS);
  private static final List<String> IDS = List.of("tale", "facts");

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private final Topics topics = new Topics(kafka.newPrefix());
  private final Settings settings =
      Settings.defaults()
          .with(Settings.BOOTSTRAP_SERVERS, kafka.bootstrapServers())
          .with(Settings.TOPICS_PREFIX, topics.prefix())
          .with(Settings.SESSION_TIMEOUT, "3s")
          .with(Settings.WORKER_HEARTBEAT_INTERVAL, "200ms")
          .with(Settings.METRICS_PORT, "off");
  private BundledModel bundled;
  private LocalModel model;
  private OutputReader reader;

  /** A prompt at temperature 1, and its seed. */
  private record Asked(String id, int n, int maxTokens, ResponseFormat format) {
    long seed() {
      return id.hashCode();
    }

    byte[] json() {
      String asFormat =
          format instanceof ResponseFormat.JsonSchema(String schema)
              ? ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":%s}}"
                  .formatted(schema)
              : "";
      return "{\"prompt\":\"%s\",\"n\":%d,\"seed\":%d,\"max_tokens\":%d%s}"
          .formatted(PROMPT, n, seed(), maxTokens, asFormat)
          .getBytes(UTF_8);
    }

    GenerationRequest choice(int number) {
      return new GenerationRequest(
          id,
          PROMPT,
          OptionalLong.empty(),
          maxTokens,
          new Sampling(1, 1, 0, 0, Penalties.NONE, Map.of(), seed(), number),
          StopConditions.texts(List.of()),
          OptionalInt.empty(),
          format,
          0,
          OptionalLong.empty(),
          Progress.NONE);
    }
  }

  @BeforeEach
  void start() throws Exception {
    KafkaClients.createTopics(kafka.bootstrapServers(), topics);
    bundled = BundledModel.unpack();
    model =
        LocalModel.open(
            bundled.path(),
            new ModelOptions(BackendChoice.CPU, 2, 8, OptionalLong.empty(), KvType.AUTO));
    reader = new OutputReader(kafka.bootstrapServers(), topics, (chunk, writtenAt) -> {});
    publish();
  }

  @AfterEach
  void stop() throws Exception {
    reader.close();
    model.close();
    bundled.close();
  }

  @Test
  void shouldGiveEachChoiceTheTextOfARunOfItsOwn() throws Exception {
    try (Engine engine = model.startEngine();
        Node node = worker("mini-1", engine)) {
      awaitEnd();

      assertThat(node.hasFailed()).isFalse();
      assertThatAllIsAsIfGeneratedAlone(engine);
    }
  }

  @Test
  void shouldGoOnWithEachChoiceWhenTheWorkerIsReplaced() throws Exception {
    int tokens = 12;
    try (Engine stalled = new StalledEngine(model.startEngine(), tokens);
        Node node = worker("mini-1", stalled)) {
      Await.until("every choice has begun", () -> published(reader.poll()) == 6 * tokens);
      assertThat(node.hasFailed()).isFalse();
    }

    try (Engine engine = model.startEngine();
        Node node = worker("mini-2", engine)) {
      awaitEnd();

      assertThat(node.hasFailed()).isFalse();
      assertThat(reader.poll().completions("tale").getFirst().worker()).contains("mini-2");
      assertThatAllIsAsIfGeneratedAlone(engine);
    }
  }

  private void assertThatAllIsAsIfGeneratedAlone(Engine engine) throws Exception {
    OutputChecker output = reader.poll();
    assertThat(output.faults(IDS, List.of())).isEmpty();
    for (Asked asked : ALL) {
      List<Choice> choices = output.completions(asked.id()).getFirst().choices();
      List<String> texts = choices.stream().map(Choice::text).toList();
      assertThat(choices).extracting(Choice::index).containsExactly(0, 1, 2);
      assertThat(texts).doesNotHaveDuplicates();
      for (int number = 0; number < asked.n(); number++) {
        assertThat(texts.get(number)).isEqualTo(alone(engine, asked.choice(number)));
      }
    }
    for (Choice choice : output.completions("facts").getFirst().choices()) {
      assertThat(choice.finishReason()).isEqualTo("stop");
      assertThat(faults(choice.text())).as(choice.text()).isEmpty();
    }
  }

  private static String alone(Engine engine, GenerationRequest request) throws Exception {
    CompletableFuture<String> text = new CompletableFuture<>();
    engine.submit(
        request,
        event -> {
          if (event instanceof Finished finished) {
            text.complete(finished.text());
          } else if (!(event instanceof Tokens)) {
            text.completeExceptionally(new AssertionError(event.toString()));
          }
        });
    return text.get(60, TimeUnit.SECONDS);
  }

  private static List<String> faults(String text) throws Exception {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(JSON.readTree(SCHEMA))
        .validate(JSON.readTree(text))
        .stream()
        .map(Object::toString)
        .toList();
  }

  private Node worker(String id, Engine engine) {
    return Node.startWorker(settings.with(Settings.WORKER_ID, id), "tales", engine);
  }

  private void publish() {
    try (KafkaProducer<String, byte[]> producer = KafkaClients.producer(kafka.bootstrapServers())) {
      ALL.forEach(
          asked -> producer.send(new ProducerRecord<>(topics.prompts(), asked.id(), asked.json())));
    }
  }

  private void awaitEnd() {
    Await.until(
        "all choices end",
        () -> reader.poll().endedCount() == ALL.size() && lastChunks(reader.poll()) == 6);
  }

  private static long lastChunks(OutputChecker output) {
    return chunks(output).stream().filter(chunk -> chunk.finishReason().isPresent()).count();
  }

  private static int published(OutputChecker output) {
    return chunks(output).stream().mapToInt(chunk -> chunk.tokens().size()).sum();
  }

  private static List<Chunk> chunks(OutputChecker output) {
    List<Chunk> chunks = new ArrayList<>();
    IDS.forEach(id -> chunks.addAll(output.chunks(id)));
    return chunks;
  }

  /** Says no more of a choice after so many tokens. */
  private static final class StalledEngine extends DelegatingEngine {
    private final int tokens;

    StalledEngine(Engine engine, int tokens) {
      super(engine);
      this.tokens = tokens;
    }

    @Override
    public Generation submit(
        GenerationRequest request, Consumer<? super GenerationEvent> listener) {
      AtomicInteger said = new AtomicInteger();
      return engine.submit(
          request,
          event -> {
            if (said.getAndIncrement() < tokens) {
              listener.accept(event);
            }
          });
    }
  }
}
