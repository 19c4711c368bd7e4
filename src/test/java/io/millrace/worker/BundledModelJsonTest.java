package io.millrace.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.millrace.engine.Engine;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.ResponseFormat;
import io.millrace.engine.Sampling;
import io.millrace.engine.StopConditions;
import io.millrace.worker.ModelOptions.BackendChoice;
import io.millrace.worker.ModelOptions.KvType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Structured output of the bundled model, which has never seen JSON. */
class BundledModelJsonTest {
  private static final int REQUESTS = 200;
  private static final int MAX_TOKENS = 120;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final List<String> SCHEMAS =
      List.of(
          """
          {"type": "object",
           "properties": {"hero": {"type": "string", "minLength": 1, "maxLength": 20},
                          "age": {"type": "integer", "minimum": 1, "maximum": 99},
                          "place": {"enum": ["forest", "river", "mill"]},
                          "brave": {"type": "boolean"}},
           "required": ["hero", "age", "place"], "additionalProperties": false}
          """,
          """
          {"type": "array", "minItems": 1, "maxItems": 3,
           "items": {"type": "object",
                     "properties": {"word": {"type": "string", "maxLength": 12},
                                    "weight": {"type": "number", "minimum": 0, "maximum": 10}},
                     "required": ["word", "weight"]}}
          """,
          """
          {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/pair"}],
           "$defs": {"pair": {"type": "object", "required": ["left", "right"],
                              "properties": {"left": {"type": "string", "maxLength": 6},
                                             "right": {"anyOf": [{"type": "integer"},
                                                                 {"$ref": "#/$defs/pair"}]}}}}}
          """,
          """
          {"type": "object", "properties": {"id": {"const": "tale-1"}}, "required": ["id"],
           "additionalProperties": {"type": ["boolean", "null"]}}
          """);

  @Test
  void shouldBeValidWheneverItEndsByItself() throws Exception {
    int cut = 0;
    List<String> texts = new ArrayList<>();
    ModelOptions options =
        new ModelOptions(BackendChoice.CPU, 2, 16, OptionalLong.empty(), KvType.AUTO);
    try (BundledModel bundled = BundledModel.unpack();
        LocalModel model = LocalModel.open(bundled.path(), options);
        Engine engine = model.startEngine()) {
      List<CompletableFuture<Finished>> ends = new ArrayList<>();
      for (int i = 0; i < REQUESTS; i++) {
        ends.add(submit(engine, i));
      }
      for (int i = 0; i < REQUESTS; i++) {
        Finished finished = ends.get(i).get(60, TimeUnit.SECONDS);
        if (finished.reason() == FinishReason.LENGTH) {
          cut++;
        } else {
          texts.add(finished.text());
          assertThat(faults(schema(i), finished.text())).as(finished.text()).isEmpty();
        }
      }
    }

    System.out.printf(
        "%d requests: %d ended with stop, all valid; %d were cut at %d tokens%n%s%n",
        REQUESTS, texts.size(), cut, MAX_TOKENS, String.join("\n", texts.subList(0, 8)));
    assertThat(texts).hasSizeGreaterThan(REQUESTS / 2);
  }

  private static CompletableFuture<Finished> submit(Engine engine, int number) {
    CompletableFuture<Finished> end = new CompletableFuture<>();
    GenerationRequest request =
        new GenerationRequest(
            "json-" + number,
            "Once upon a time there was a fox. As JSON: ",
            OptionalLong.empty(),
            MAX_TOKENS,
            new Sampling(1, 1, 0, 0, number),
            StopConditions.texts(List.of()),
            OptionalInt.empty(),
            new ResponseFormat.JsonSchema(schema(number)),
            0,
            OptionalLong.empty(),
            Progress.NONE);
    engine.submit(
        request,
        event -> {
          if (event instanceof Finished finished) {
            end.complete(finished);
          } else if (!(event instanceof Tokens)) {
            end.completeExceptionally(new AssertionError(event.toString()));
          }
        });
    return end;
  }

  private static String schema(int number) {
    return SCHEMAS.get(number % SCHEMAS.size());
  }

  private static List<String> faults(String schema, String text) throws Exception {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(JSON.readTree(schema))
        .validate(JSON.readTree(text))
        .stream()
        .map(Object::toString)
        .toList();
  }
}
