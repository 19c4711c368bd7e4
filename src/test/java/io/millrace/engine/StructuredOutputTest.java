package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.GeneratorRig.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Grammars through the whole generator, on a model that says nothing in particular. */
class StructuredOutputTest {
  private static final ResponseFormat PERSON =
      new ResponseFormat.JsonSchema(
          """
          {"type": "object",
           "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 9},
                          "age": {"type": "integer", "minimum": 0, "maximum": 150},
                          "likes": {"type": "array", "items": {"enum": ["mills", "rivers"]},
                                    "maxItems": 3}},
           "required": ["name", "age", "likes"], "additionalProperties": false}
          """);
  private static final GeneratorRig rig = new GeneratorRig(new ByteTokenizer());
  private static final ObjectMapper JSON = new ObjectMapper();

  @AfterAll
  static void close() {
    rig.close();
  }

  @AfterEach
  void leaveLogitsAlone() {
    rig.changeLogits((row, logits) -> {});
  }

  @Test
  void shouldGenerateWhatTheSchemaAsksFor() throws Exception {
    for (int seed = 0; seed < 30; seed++) {
      Outcome outcome = rig.run(request(200, seed, PERSON));

      assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
      JsonNode person = JSON.readTree(outcome.finished().text());
      assertThat(person.get("name").textValue()).isNotEmpty();
      assertThat(person.get("age").intValue()).isBetween(0, 150);
      assertThat(person.get("likes").size()).isBetween(0, 3);
    }
  }

  @Test
  void shouldGenerateTheSameAfterEveryCut() {
    GenerationRequest request = request(200, 4, PERSON);
    Outcome whole = rig.run(request);

    for (int saved = 0; saved <= whole.tokens().length; saved++) {
      int[] tokens = Arrays.copyOf(whole.tokens(), saved);
      int published = whole.textOfFirst(saved).length();
      Outcome rest = rig.run(Requests.resumed(request, new Progress(tokens, published)));

      assertThat(rest.finished().text()).isEqualTo(whole.finished().text());
      assertThat(rest.finished().reason()).isEqualTo(FinishReason.STOP);
      assertThat(IntStream.concat(Arrays.stream(tokens), Arrays.stream(rest.tokens())).toArray())
          .isEqualTo(whole.tokens());
    }
  }

  @Test
  void shouldCutATextThatIsTooLong() {
    Outcome outcome = rig.run(request(3, 1, PERSON));

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.finished().text()).isEqualTo("{\"n");
  }

  @Test
  void shouldEndOnlyWhereTheTextMayEnd() throws Exception {
    rig.changeLogits((row, logits) -> logits[ByteTokenizer.END] = 1_000);

    Outcome nulls =
        rig.run(
            request(500, 2, new ResponseFormat.JsonSchema("{\"items\": {\"type\": \"null\"}}")));
    Outcome number = rig.run(request(500, 2, new ResponseFormat.JsonSchema("{\"minimum\": 7}")));

    assertThat(JSON.readTree(nulls.finished().text()).isArray()).isTrue();
    assertThat(JSON.readTree(number.finished().text()).doubleValue()).isGreaterThanOrEqualTo(7);
    assertThat(number.finished().usage().completionTokens()).isLessThan(16);
  }

  @Test
  void shouldEndBySelfWhereNothingCanFollow() {
    StopConditions stop = new StopConditions(List.of(), Set.of(), 100, true);
    ResponseFormat format = new ResponseFormat.JsonSchema("{\"const\": [true]}");

    Outcome outcome = rig.run(Requests.of(200, new Sampling(1, 1, 0, 0, 1), stop, format));

    assertThat(outcome.finished().text()).isEqualTo("[true]");
    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void shouldEndOnlyTheRequestWhoseSchemaIsTooAmbiguous() {
    String both = "{'anyOf': [{'items': %s}, {'items': %s}]}";
    String schema = "{'type': 'null'}";
    for (int level = 0; level < 9; level++) {
      schema = both.formatted(schema, schema);
    }
    rig.changeLogits((row, logits) -> logits['['] = 1_000);
    GenerationRequest ambiguous =
        request(50, 1, new ResponseFormat.JsonSchema(schema.replace('\'', '"')));

    List<Outcome> outcomes = rig.run(ambiguous, request(5, 1, ResponseFormat.TEXT));

    assertThat(outcomes.getFirst().failed().error().kind()).isEqualTo(Kind.INVALID_REQUEST);
    assertThat(outcomes.getFirst().failed().error().param()).isEqualTo("response_format");
    assertThat(outcomes.getLast().finished().text()).isEqualTo("[[[[[");
  }

  private static GenerationRequest request(int maxTokens, long seed, ResponseFormat format) {
    Sampling sampling = new Sampling(1, 1, 0, 0, seed);
    return Requests.of(maxTokens, sampling, StopConditions.texts(List.of()), format);
  }
}
