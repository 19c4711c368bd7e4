package io.millrace.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.Contract;
import io.millrace.record.Completion.Choice;
import io.millrace.record.Completion.Timings;
import io.millrace.record.Completion.Usage;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the code against {@code topology/asyncapi.yaml}. */
class ContractTest {
  private static final Contract contract = Contract.read();
  private static final Origin ORIGIN = new Origin("prompts", 0, 1, 1_700_000_000_000L);
  private static final Prompt PROMPT =
      Prompt.of("a", "Once 🦙\u0000")
          .model("m")
          .seed(-1)
          .topK(3)
          .logitBias(Map.of(5, -1.5))
          .stopTokenIds(List.of(2))
          .n(2)
          .logprobs(3)
          .format(new OutputOptions.Format.JsonSchema("{\"type\":\"object\"}"))
          .stop(List.of("."))
          .deadline(5)
          .metadata(Map.of("k", "v"))
          .build();

  private static final Logprobs LOGPROBS =
      new Logprobs(List.of("x"), List.of(-0.5), List.of(Map.of("x", -0.5)), List.of(0));

  @ParameterizedTest
  @MethodSource("written")
  void shouldWriteWhatTheContractSays(String schema, byte[] value) {
    assertThat(contract.errors(schema, value)).isEmpty();
  }

  static Stream<Arguments> written() {
    Completion refused =
        Completion.refused(
            "a", 7, Optional.empty(), ErrorCode.MODEL_NOT_FOUND.error("why"), Map.of());
    Prompt chat = Prompt.chat("a", "{\"messages\":[{\"role\":\"user\"}]}").build();
    Completion answered =
        new Completion(
            "a",
            1,
            Optional.of("m"),
            Optional.of("f"),
            List.of(new Choice(0, "x", Optional.empty(), "stop", true)),
            Optional.of(new Usage(1, 1, 0)),
            Optional.of("w"),
            Optional.of(new Timings(1, 2, 3, 4, 5)),
            Optional.empty(),
            Map.of());
    Completion completed =
        new Completion(
            "a",
            7,
            Optional.of("m"),
            Optional.of("f"),
            List.of(
                new Choice(0, "x", "length"),
                new Choice(1, "x", Optional.of(LOGPROBS), "stop", true)),
            Optional.of(new Usage(5, 4, 2)),
            Optional.of("w"),
            Optional.of(new Timings(1, 2, 3, 4, 5)),
            Optional.empty(),
            Map.of("k", "v"));
    return Stream.of(
        Arguments.of("Prompt", PROMPT.toJson()),
        Arguments.of("Prompt", Prompt.of("a", "Once").build().toJson()),
        Arguments.of("Control", new Control(Control.Action.CANCEL).toJson()),
        Arguments.of("Work", new Work(PROMPT, 1, 1).toJson()),
        Arguments.of("Chunk", new Chunk("a", 0, 0, "x", List.of(1), Optional.empty()).toJson()),
        Arguments.of(
            "Chunk",
            new Chunk("a", 0, 0, "x", List.of(1), Optional.of(LOGPROBS), Optional.empty())
                .toJson()),
        Arguments.of(
            "Chunk", new Chunk("a", 0, 1, "", List.of(), Optional.of(Chunk.ERROR)).toJson()),
        Arguments.of("Completion", refused.toJson()),
        Arguments.of("Completion", completed.toJson()),
        Arguments.of("Completion", answered.toJson()),
        Arguments.of("Prompt", chat.toJson()),
        Arguments.of("Work", Work.of(chat, "m", 1, 2, 3).toJson()),
        Arguments.of(
            "WorkerStatus",
            new WorkerStatus("m", 0, "w", 8, 8, 0, 0, 0, 2048, "b", "f", 1, 1000).toJson()));
  }

  @Test
  void shouldFindWhatTheContractForbids() {
    assertThat(contract.errors("Chunk", "{\"id\": \"a\"}".getBytes(UTF_8))).isNotEmpty();
    assertThat(contract.errors("Prompt", "{\"prompt\": \"a\", \"best_of\": 1}".getBytes(UTF_8)))
        .isNotEmpty();
  }

  @Test
  void shouldKnowTheFieldsOfThePromptSchema() {
    assertThat(contract.schema("Prompt").required("properties").properties())
        .extracting(Map.Entry::getKey)
        .containsExactlyInAnyOrderElementsOf(PromptJson.NAMES);
  }

  @Test
  void shouldKnowTheErrorCodesOfTheContract() {
    assertThat(contract.schema("ErrorCode").required("enum"))
        .extracting(JsonNode::textValue)
        .containsExactlyElementsOf(Arrays.stream(ErrorCode.values()).map(ErrorCode::code).toList());
    assertThat(contract.schema("Error").at("/properties/type/enum"))
        .extracting(JsonNode::textValue)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(ErrorCode.values()).map(ErrorCode::type).distinct().toList());
  }

  private static final List<String> PROMPTS =
      List.of(
          "{'prompt': 'a'}",
          "{'prompt': ''}",
          "{'prompt': null}",
          "{'prompt': 1}",
          "{}",
          "{'prompt': 'a', 'x': 1}",
          "{'prompt': 'a', 'messages': null}",
          "{'prompt': 'a', 'messages': []}",
          "{'prompt': 'a', 'tools': []}",
          "{'prompt': 'a', 'chat_template_kwargs': {}}",
          "{'messages': []}",
          "{'messages': [{'role': 'user', 'content': 'a'}]}",
          "{'messages': [{'role': 'user', 'content': 'a'}], 'prompt': null, 'tools': null}",
          "{'messages': [{'role': 'user', 'content': 'a'}], 'prompt': 'a'}",
          "{'messages': [{'role': 'user'}], 'tools': [{}], 'chat_template_kwargs': {'x': [1]}}",
          "{'messages': [{'role': 'user'}], 'tools': [1]}",
          "{'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}]}]}",
          "{'messages': [{'role': 'user', 'content': [{'type': 'text'}]}]}",
          "{'messages': [{'role': 'user', 'content': [{'type': 'image', 'text': 'a'}]}]}",
          "{'messages': [{'role': 'tool', 'content': null, 'name': 'f', 'tool_call_id': 'x'}]}",
          "{'messages': [{'role': 'assistant', 'tool_calls': [{'function': {}}]}]}",
          "{'messages': [{'role': ''}]}",
          "{'messages': [{'role': 'user', 'x': 1}]}",
          "{'messages': [{'content': 'a'}]}",
          "{'prompt': 'a', 'id': 'i'}",
          "{'prompt': 'a', 'id': null}",
          "{'prompt': 'a', 'id': ''}",
          "{'prompt': 'a', 'id': 'a\\nb'}",
          "{'prompt': 'a', 'id': '\\u0085'}",
          "{'prompt': 'a', 'id': '%s'}".formatted("🦙".repeat(256)),
          "{'prompt': 'a', 'id': '%s'}".formatted("🦙".repeat(257)),
          "{'prompt': 'a', 'model': 'm'}",
          "{'prompt': 'a', 'model': null}",
          "{'prompt': 'a', 'model': ''}",
          "{'prompt': 'a', 'model': '%s'}".formatted("m".repeat(257)),
          "{'prompt': 'a', 'max_tokens': 1}",
          "{'prompt': 'a', 'max_tokens': 0}",
          "{'prompt': 'a', 'max_tokens': 2147483647}",
          "{'prompt': 'a', 'max_tokens': 2147483648}",
          "{'prompt': 'a', 'max_tokens': '1'}",
          "{'prompt': 'a', 'temperature': 0}",
          "{'prompt': 'a', 'temperature': 2}",
          "{'prompt': 'a', 'temperature': 2.01}",
          "{'prompt': 'a', 'temperature': -0.01}",
          "{'prompt': 'a', 'top_p': 0}",
          "{'prompt': 'a', 'top_p': 0.001}",
          "{'prompt': 'a', 'top_p': 1}",
          "{'prompt': 'a', 'top_p': 1.001}",
          "{'prompt': 'a', 'top_k': -1}",
          "{'prompt': 'a', 'top_k': -2}",
          "{'prompt': 'a', 'top_k': 2147483648}",
          "{'prompt': 'a', 'min_p': 0}",
          "{'prompt': 'a', 'min_p': 1}",
          "{'prompt': 'a', 'min_p': 1.1}",
          "{'prompt': 'a', 'repetition_penalty': 0}",
          "{'prompt': 'a', 'repetition_penalty': 0.01}",
          "{'prompt': 'a', 'repetition_penalty': 100.1}",
          "{'prompt': 'a', 'presence_penalty': -2}",
          "{'prompt': 'a', 'presence_penalty': -2.1}",
          "{'prompt': 'a', 'frequency_penalty': 2}",
          "{'prompt': 'a', 'frequency_penalty': 2.1}",
          "{'prompt': 'a', 'logit_bias': {}}",
          "{'prompt': 'a', 'logit_bias': {'0': -100, '999999999': 100}}",
          "{'prompt': 'a', 'logit_bias': {'01': 1}}",
          "{'prompt': 'a', 'logit_bias': {'-1': 1}}",
          "{'prompt': 'a', 'logit_bias': {'the': 1}}",
          "{'prompt': 'a', 'logit_bias': {'1': 101}}",
          "{'prompt': 'a', 'logit_bias': {'1': '1'}}",
          "{'prompt': 'a', 'logit_bias': {%s}}".formatted(biases(1_024)),
          "{'prompt': 'a', 'logit_bias': {%s}}".formatted(biases(1_025)),
          "{'prompt': 'a', 'stop_token_ids': []}",
          "{'prompt': 'a', 'stop_token_ids': [0]}",
          "{'prompt': 'a', 'stop_token_ids': 0}",
          "{'prompt': 'a', 'stop_token_ids': [-1]}",
          "{'prompt': 'a', 'stop_token_ids': [%s0]}".formatted("0,".repeat(255)),
          "{'prompt': 'a', 'stop_token_ids': [%s0]}".formatted("0,".repeat(256)),
          "{'prompt': 'a', 'min_tokens': 0}",
          "{'prompt': 'a', 'min_tokens': -1}",
          "{'prompt': 'a', 'ignore_eos': true}",
          "{'prompt': 'a', 'ignore_eos': 1}",
          "{'prompt': 'a', 'n': 0}",
          "{'prompt': 'a', 'n': 16}",
          "{'prompt': 'a', 'n': 17}",
          "{'prompt': 'a', 'logprobs': 0}",
          "{'prompt': 'a', 'logprobs': true}",
          "{'prompt': 'a', 'logprobs': 21}",
          "{'prompt': 'a', 'logprobs': '1'}",
          "{'prompt': 'a', 'logprobs': true, 'top_logprobs': 20}",
          "{'prompt': 'a', 'logprobs': true, 'top_logprobs': 21}",
          "{'prompt': 'a', 'response_format': 'json'}",
          "{'prompt': 'a', 'response_format': {}}",
          "{'prompt': 'a', 'response_format': {'type': 'text'}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_object'}}",
          "{'prompt': 'a', 'response_format': {'type': 'xml'}}",
          "{'prompt': 'a', 'response_format': {'type': 'text', 'also': 1}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_schema'}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_schema', 'json_schema': {}}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_object', 'json_schema': {'schema': {}}}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_schema', 'json_schema': {'schema': {}}}}",
          "{'prompt': 'a', 'response_format': {'type': 'json_schema', 'json_schema': {'schema': 1}}}",
          "{'prompt': 'a', 'seed': -9223372036854775808}",
          "{'prompt': 'a', 'seed': -9223372036854775809}",
          "{'prompt': 'a', 'seed': 9223372036854775807}",
          "{'prompt': 'a', 'seed': 9223372036854775808}",
          "{'prompt': 'a', 'stop': null}",
          "{'prompt': 'a', 'stop': '.'}",
          "{'prompt': 'a', 'stop': ''}",
          "{'prompt': 'a', 'stop': []}",
          "{'prompt': 'a', 'stop': ['.']}",
          "{'prompt': 'a', 'stop': ['']}",
          "{'prompt': 'a', 'stop': [1]}",
          "{'prompt': 'a', 'stop': [%s'.']}".formatted("'.',".repeat(15)),
          "{'prompt': 'a', 'stop': [%s'.']}".formatted("'.',".repeat(16)),
          "{'prompt': 'a', 'stop': '%s'}".formatted("s".repeat(256)),
          "{'prompt': 'a', 'stop': '%s'}".formatted("s".repeat(257)),
          "{'prompt': 'a', 'stream': false}",
          "{'prompt': 'a', 'stream': 0}",
          "{'prompt': 'a', 'priority': -2147483648}",
          "{'prompt': 'a', 'priority': -2147483649}",
          "{'prompt': 'a', 'deadline': 0}",
          "{'prompt': 'a', 'deadline': -1}",
          "{'prompt': 'a', 'timeout_ms': 1}",
          "{'prompt': 'a', 'timeout_ms': 0}",
          "{'prompt': 'a', 'metadata': {}}",
          "{'prompt': 'a', 'metadata': null}",
          "{'prompt': 'a', 'metadata': {'k': ''}}",
          "{'prompt': 'a', 'metadata': {'': 'v'}}",
          "{'prompt': 'a', 'metadata': {'k': null}}",
          "{'prompt': 'a', 'metadata': {'%s': 'v'}}".formatted("k".repeat(64)),
          "{'prompt': 'a', 'metadata': {'%s': 'v'}}".formatted("k".repeat(65)),
          "{'prompt': 'a', 'metadata': {'k': '%s'}}".formatted("v".repeat(512)),
          "{'prompt': 'a', 'metadata': {'k': '%s'}}".formatted("v".repeat(513)));

  private static String biases(int size) {
    return IntStream.range(0, size)
        .mapToObj(token -> "'%d': 0".formatted(token))
        .collect(Collectors.joining(","));
  }

  @ParameterizedTest
  @FieldSource("PROMPTS")
  void shouldTakeWhatTheSchemaTakes(String json) {
    byte[] value = json.replace('\'', '"').getBytes(UTF_8);

    boolean parsed =
        new PromptParser(1 << 20).parse(null, value, ORIGIN) instanceof ParsedPrompt.Valid;

    assertThat(parsed).isEqualTo(contract.errors("Prompt", value).isEmpty());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void shouldReadTheExamples(String message, JsonNode payload) {
    byte[] value = payload.toString().getBytes(UTF_8);

    assertThat(contract.errors(message, payload)).isEmpty();
    assertThatCode(() -> read(message, value)).doesNotThrowAnyException();
  }

  static Stream<Arguments> examples() {
    return contract.messages().properties().stream()
        .map(Map.Entry::getValue)
        .filter(message -> !message.required("name").textValue().equals("DeadLetter"))
        .flatMap(message ->
            message
                .required("examples")
                .valueStream()
                .map(example ->
                    Arguments.of(
                        message.required("name").textValue(), example.required("payload"))));
  }

  private static void read(String message, byte[] value) {
    switch (message) {
      case "Prompt" ->
          assertThat(new PromptParser(1 << 20).parse(null, value, ORIGIN))
              .isInstanceOf(ParsedPrompt.Valid.class);
      case "Work" -> Work.fromJson(value);
      case "Chunk" -> Chunk.fromJson(value);
      case "Completion" -> Completion.fromJson(value);
      case "WorkerStatus" -> WorkerStatus.fromJson(value);
      case "Control" -> Control.fromJson(value);
      default -> throw new AssertionError("no reader for " + message);
    }
  }

  @Test
  void shouldWriteTheHeadersOfDeadLetters() {
    DeadLetter letter =
        new DeadLetter(
            "a", new byte[] {1}, new byte[] {2}, ORIGIN, ErrorCode.INVALID_JSON.error("why"), 9);

    ObjectNode headers = JsonNodeFactory.instance.objectNode();
    letter.headers().forEach((name, value) -> headers.put(name, new String(value, UTF_8)));

    assertThat(contract.errors("DeadLetterHeaders", headers)).isEmpty();
    assertThat(contract.schema("DeadLetterHeaders").required("properties").properties())
        .extracting(Map.Entry::getKey)
        .containsAll(letter.headers().keySet());
  }
}
