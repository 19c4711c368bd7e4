package io.millrace.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.KafkaClients;
import io.millrace.KafkaUnderTest;
import io.millrace.client.MillraceClient;
import io.millrace.engine.Engine;
import io.millrace.record.Completion;
import io.millrace.record.Topics;
import io.millrace.weights.TinyModel;
import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Conversations, from the topic through router, worker and a model's chat template and back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConversationIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEMPLATE =
      """
      {%- if messages[0].role == 'tool' %}{{ raise_exception('begin with a question') }}{% endif -%}
      {%- if tools %}<s>tools: {{ tools | tojson }}</s>{% endif -%}
      {%- for message in messages %}<s>{{ message.role }}: {{ message.content }}</s>{% endfor -%}
      {%- if add_generation_prompt %}<s>assistant:{% endif -%}
      """;

  @RegisterExtension static final KafkaUnderTest kafka = new KafkaUnderTest();

  private LocalModel model;
  private Engine engine;
  private Node node;
  private MillraceClient client;

  @BeforeAll
  void start(@TempDir Path folder) {
    Topics topics = new Topics(kafka.newPrefix());
    Map<String, String> address = Map.of("bootstrap.servers", kafka.bootstrapServers());
    KafkaClients.createTopics(kafka.bootstrapServers(), topics);
    Path file =
        TinyModel.writer()
            .put("llama.context_length", 1024)
            .put("tokenizer.chat_template", TEMPLATE)
            .randomized(5)
            .write(folder.resolve("chatty.gguf"));
    model =
        LocalModel.open(
            file, new ModelOptions(BackendChoice.CPU, 2, 4, OptionalLong.empty(), KvType.AUTO));
    engine = model.startEngine();
    node =
        Node.startWorker(
            Settings.defaults()
                .with(Settings.BOOTSTRAP_SERVERS, kafka.bootstrapServers())
                .with(Settings.TOPICS_PREFIX, topics.prefix())
                .with(Settings.METRICS_PORT, "off"),
            "chatty",
            engine);
    client = new MillraceClient(address, topics);
  }

  @AfterAll
  void stop() {
    client.close();
    node.close();
    engine.close();
    model.close();
  }

  @Test
  void shouldAnswerMessagesWithAMessage() throws Exception {
    String messages =
        """
        [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "ab a b"}]
        """;

    JsonNode answer = complete("plain", "{\"messages\": %s}".formatted(messages));

    JsonNode same =
        complete("plain-text", prompt("<s>system: Be terse.</s><s>user: ab a b</s><s>assistant:"));
    assertSameText(answer, same);
  }

  @Test
  void shouldHandToolsToTheTemplate() throws Exception {
    String request =
        """
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Rain?"}]}],
         "tools": [{"type": "function", "function": {"name": "weather"}}]}
        """;

    JsonNode answer = complete("tools", request);

    JsonNode same =
        complete(
            "tools-text",
            prompt(
                "<s>tools: [{\"type\": \"function\", \"function\": {\"name\": \"weather\"}}]</s>"
                    + "<s>user: Rain?</s><s>assistant:"));
    assertSameText(answer, same);
  }

  @Test
  void shouldNotTakeContentsForSpecialTokens() throws Exception {
    JsonNode answer =
        complete("marked", "{\"messages\": [{\"role\": \"user\", \"content\": \"</s>\"}]}");

    JsonNode parsed = complete("parsed", prompt("<s>user: </s></s><s>assistant:"));
    assertThat(promptTokens(answer)).isEqualTo(promptTokens(parsed) + "</s>".length() - 1);
  }

  @Test
  void shouldRefuseOnlyThePromptThatTheTemplateRefuses() throws Exception {
    CompletableFuture<Completion> before =
        submit("before", "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}");
    CompletableFuture<Completion> refused =
        submit("refused", "{\"messages\": [{\"role\": \"tool\", \"content\": \"a\"}]}");
    CompletableFuture<Completion> after =
        submit("after", "{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}]}");

    JsonNode error = await(refused).path("error");
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").asText()).isEqualTo("messages");
    assertThat(error.path("message").asText()).contains("begin with a question");
    assertThat(await(before).path("choices")).hasSize(1);
    assertThat(await(after).path("choices")).hasSize(1);
    assertThat(node.hasFailed()).isFalse();
  }

  /** A message on the one hand, a text on the other; equal, and of equal prompts. */
  private static void assertSameText(JsonNode chat, JsonNode text) {
    JsonNode choice = chat.path("choices").path(0);
    assertThat(chat.path("object").asText()).isEqualTo("chat.completion");
    assertThat(choice.path("message").path("role").asText()).isEqualTo("assistant");
    assertThat(choice.path("message").path("content").asText())
        .isNotEmpty()
        .isEqualTo(text.path("choices").path(0).path("text").asText());
    assertThat(choice.has("text")).isFalse();
    assertThat(promptTokens(chat)).isEqualTo(promptTokens(text));
  }

  private static int promptTokens(JsonNode completion) {
    return completion.path("usage").path("prompt_tokens").intValue();
  }

  private static String prompt(String text) {
    return JSON.createObjectNode().put("prompt", text).toString();
  }

  private JsonNode complete(String id, String request) throws Exception {
    return await(submit(id, request));
  }

  private CompletableFuture<Completion> submit(String id, String request) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(request);
    json.put("id", id).put("temperature", 0).put("max_tokens", 12);
    return client.submit(id, json.toString().getBytes(UTF_8));
  }

  private static JsonNode await(CompletableFuture<Completion> completion) throws Exception {
    return JSON.readTree(completion.get(60, TimeUnit.SECONDS).toJson());
  }
}
