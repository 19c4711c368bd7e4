package io.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Chat templates of real models, against what Python renders. */
class RenderConformanceTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TestFactory
  Stream<DynamicTest> shouldRenderAsPythonDoes() throws IOException {
    JsonNode golden =
        MAPPER.readTree(Files.readString(SharedFiles.require("templates/golden.json")));
    return golden.get("rendered").properties().stream()
        .flatMap(template ->
            template.getValue().properties().stream()
                .map(rendered ->
                    dynamicTest(
                        template.getKey() + ", " + rendered.getKey(),
                        () -> check(golden, template.getKey(), rendered))));
  }

  private static void check(JsonNode golden, String template, Map.Entry<String, JsonNode> rendered)
      throws IOException {
    ObjectNode request = golden.get("cases").get(rendered.getKey()).deepCopy();
    for (String name : new String[] {"now", "bos_token", "eos_token"}) {
      request.set(name, golden.get(name));
    }
    Path file = Files.createTempFile("request", ".json");
    try {
      Files.writeString(file, request.toString());

      CommandRun run =
          CommandRun.start(
                  "render",
                  "--template",
                  SharedFiles.require("templates/" + template).toString(),
                  "--request",
                  file.toString())
              .await();

      if (rendered.getValue().has("text")) {
        assertThat(run.out()).isEqualTo(rendered.getValue().get("text").asText());
        assertThat(run.exit()).isZero();
      } else {
        assertThat(run.err()).contains(rendered.getValue().get("error").asText());
        assertThat(run.exit()).isEqualTo(1);
      }
    } finally {
      Files.delete(file);
    }
  }
}
