package io.millrace.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.Contract;
import io.millrace.KafkaUnderTest;
import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.ErrorCode;
import io.millrace.record.Prompt;
import io.millrace.record.Topics;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(60)
class MillraceClientIT {
  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private final Topics topics = new Topics(kafka.newPrefix());
  private Millwheel millwheel;
  private MillraceClient client;

  @BeforeEach
  void connect() throws Exception {
    kafka.createTopics(topics.prompts(), topics.chunks(), topics.completions());
    millwheel = new Millwheel(kafka.bootstrapServers(), topics);
    client = new MillraceClient(settings(), topics);
  }

  @AfterEach
  void close() {
    client.close();
    millwheel.close();
  }

  @Test
  void shouldPublishPromptUnderItsId() {
    Prompt prompt = Prompt.of("a", "Once").maxTokens(3).build();

    client.submit(prompt);

    assertThat(millwheel.nextPrompt()).isEqualTo(prompt);
  }

  @Test
  void shouldEndWithTheCompletion() throws Exception {
    CompletableFuture<Completion> future = client.submit(Prompt.of("a", "Once").build());

    millwheel.complete("a", " upon", " a time");

    assertThat(get(future)).isEqualTo(Millwheel.completion("a", " upon a time"));
  }

  @Test
  void shouldEndWithTheCompletionAlsoWhenItIsAnError() throws Exception {
    CompletableFuture<Completion> future = client.submit(Prompt.of("a", "Once").build());

    millwheel.refuse("a", ErrorCode.MODEL_NOT_FOUND);

    assertThat(get(future).error())
        .hasValueSatisfying(error -> assertThat(error.code()).isEqualTo("model_not_found"));
  }

  @Test
  void shouldHandOutChunksBeforeTheEnd() throws Exception {
    List<String> texts = Collections.synchronizedList(new ArrayList<>());
    CompletableFuture<List<String>> atTheEnd =
        client
            .submit(Prompt.of("a", "Once").build(), chunk -> texts.add(chunk.text()))
            .thenApply(_ -> List.copyOf(texts));

    millwheel.complete("a", " upon", " a", " time 🦙");

    assertThat(get(atTheEnd)).containsExactly(" upon", " a", " time 🦙");
  }

  @Test
  void shouldWaitForTheLastChunkWhenTheCompletionComesFirst() throws Exception {
    List<Chunk> chunks = Collections.synchronizedList(new ArrayList<>());
    CompletableFuture<Completion> streaming =
        client.submit(Prompt.of("a", "Once").build(), chunks::add);
    CompletableFuture<Completion> plain = client.submit(Prompt.of("b", "Once").build());

    millwheel.completeWithoutChunks("a", " upon");
    millwheel.completeWithoutChunks("b", " upon");
    get(plain);
    boolean endedWithoutLastChunk = streaming.isDone();
    millwheel.chunks("a", true, " upon");

    assertThat(endedWithoutLastChunk).isFalse();
    assertThat(get(streaming).choices().getFirst().text()).isEqualTo(" upon");
    assertThat(chunks).hasSize(1);
  }

  @Test
  void shouldNotHearWhatIsAborted() throws Exception {
    List<String> texts = Collections.synchronizedList(new ArrayList<>());
    CompletableFuture<Completion> future =
        client.submit(Prompt.of("a", "Once").build(), chunk -> texts.add(chunk.text()));

    millwheel.abort("a", " there", " was");
    millwheel.complete("a", " upon");
    get(future);

    assertThat(texts).containsExactly(" upon");
  }

  @Test
  void shouldFollowManyPromptsAtOnce() throws Exception {
    List<CompletableFuture<Completion>> futures = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      futures.add(client.submit(Prompt.of("p" + i, "Once").build()));
    }

    for (int i = 49; i >= 0; i--) {
      millwheel.complete("p" + i, " text " + i);
    }

    for (int i = 0; i < 50; i++) {
      assertThat(get(futures.get(i)).choices().getFirst().text()).isEqualTo(" text " + i);
    }
  }

  @Test
  void shouldFailOnlyThePromptWhoseListenerThrows() throws Exception {
    CompletableFuture<Completion> failing =
        client.submit(
            Prompt.of("a", "Once").build(),
            _ -> {
              throw new IllegalStateException("the pond is dry");
            });
    CompletableFuture<Completion> other = client.submit(Prompt.of("b", "Once").build(), _ -> {});

    millwheel.complete("a", " upon");
    millwheel.complete("b", " upon");

    assertThat(get(other).error()).isEmpty();
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> get(failing))
        .withMessageContaining("the pond is dry");
  }

  @Test
  void shouldRefuseAnIdThatIsInUse() {
    client.submit(Prompt.of("a", "Once").build());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.submit(Prompt.of("a", "Twice").build()))
        .withMessageContaining("prompt a is being followed already");
  }

  @Test
  void shouldRefuseToFollowChunksThatAreNotWritten() {
    Prompt silent = Prompt.of("a", "Once").stream(false).build();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.submit(silent, _ -> {}))
        .withMessageContaining("stream is false");
  }

  @Test
  void shouldTellWhenAPromptIsTooLarge() {
    byte[] huge = new byte[MillraceClient.MAX_PROMPT_BYTES + 1];

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> get(client.submit("a", huge)))
        .withCauseInstanceOf(MillraceClientException.class)
        .withMessageContaining("prompt a was not published");
  }

  @Test
  void shouldPublishWhatTheTopicTakes() {
    Contract contract = Contract.read();

    assertThat(contract.topicConfig("prompts").get("max.message.bytes").intValue())
        .isEqualTo(MillraceClient.MAX_PROMPT_BYTES);
  }

  @Test
  void shouldFailWhatWaitsWhenClosed() {
    CompletableFuture<Completion> future = client.submit(Prompt.of("a", "Once").build());

    client.close();

    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> get(future))
        .withMessageContaining("the end of prompt a is unknown: the client is closed");
    assertThatExceptionOfType(MillraceClientException.class)
        .isThrownBy(() -> client.submit(Prompt.of("b", "Once").build()))
        .withMessageContaining("the client is closed");
    assertThatExceptionOfType(MillraceClientException.class)
        .isThrownBy(() -> client.publish("b", "{}".getBytes(UTF_8)))
        .withMessageContaining("the client is closed");
  }

  @Test
  void shouldCloseFromAListener() throws Exception {
    CompletableFuture<Void> closed =
        client.submit(Prompt.of("a", "Once").build()).thenAccept(_ -> client.close());

    millwheel.complete("a", " upon");

    assertThat(closed).succeedsWithin(30, TimeUnit.SECONDS);
  }

  @Test
  void shouldNameMissingTopicsAndTheRemedy() {
    Topics missing = new Topics("missing.");

    assertThatExceptionOfType(MillraceClientException.class)
        .isThrownBy(() -> new MillraceClient(settings(), missing))
        .withMessageContaining("missing.chunks, missing.completions, missing.prompts")
        .withMessageContaining("millrace topics create --bootstrap-servers");
  }

  @Test
  void shouldNameTheAddressWhenNobodyAnswers() {
    Map<String, Object> nobody =
        Map.of(
            "bootstrap.servers", "127.0.0.1:1",
            "default.api.timeout.ms", 300,
            "request.timeout.ms", 200);

    assertThatExceptionOfType(MillraceClientException.class)
        .isThrownBy(() -> new MillraceClient(nobody, topics))
        .withMessageContaining("no Kafka broker answers at 127.0.0.1:1");
  }

  private static Map<String, Object> settings() {
    return Map.of("bootstrap.servers", kafka.bootstrapServers());
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }
}
