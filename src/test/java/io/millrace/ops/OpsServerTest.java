package io.millrace.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.engine.EngineListener;
import io.millrace.engine.EngineListener.StepReport;
import io.millrace.engine.EngineStatus;
import io.millrace.ops.Health.Condition;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpsServerTest {
  private final Meters meters = new Meters();
  private final Health health = new Health();
  private OpsServer server;

  @BeforeEach
  void start() {
    server = OpsServer.start(0, meters, health);
  }

  @AfterEach
  void stop() {
    server.close();
    meters.close();
  }

  @Test
  void shouldListenOnLoopbackOnly() {
    assertThat(server.address().getAddress().isLoopbackAddress()).isTrue();
  }

  @Test
  void shouldShowEngineAndJvmToPrometheus() throws Exception {
    meters.bindEngine("tales", () -> new EngineStatus(3, 2, 512, 98.5, 7, 64, true));
    meters.registry().counter("millrace.prompts.accepted").increment(4);

    HttpResponse<String> response = get("/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
    assertThat(response.body())
        .contains("millrace_engine_running{model=\"tales\"} 3.0")
        .contains("millrace_engine_waiting{model=\"tales\"} 2.0")
        .contains("millrace_engine_queued_tokens{model=\"tales\"} 512.0")
        .contains("millrace_engine_tokens_per_second{model=\"tales\"} 98.5")
        .contains("millrace_engine_kv_pages_used{model=\"tales\"} 7.0")
        .contains("millrace_engine_kv_pages{model=\"tales\"} 64.0")
        .contains("millrace_prompts_accepted_total 4.0")
        .contains("jvm_memory_used_bytes");
  }

  @Test
  void shouldShowWhatAnEngineDoesStepByStep() throws Exception {
    EngineListener engine = meters.engineListener("tales");
    engine.step(new StepReport(0.25, 8, 40, 96, 2));
    engine.step(new StepReport(0.75, 8, 0, 0, 0));
    engine.firstToken(1.5);
    engine.nextToken(0.25);

    assertThat(get("/metrics").body())
        .contains("millrace_engine_step_seconds_count{model=\"tales\"} 2")
        .contains("millrace_engine_step_seconds_sum{model=\"tales\"} 1.0")
        .contains("millrace_engine_step_tokens_sum{model=\"tales\"} 56.0")
        .contains("millrace_engine_prefill_tokens_total{model=\"tales\"} 40.0")
        .contains("millrace_engine_decode_tokens_total{model=\"tales\"} 16.0")
        .contains("millrace_engine_prefix_hit_tokens_total{model=\"tales\"} 96.0")
        .contains("millrace_engine_preemptions_total{model=\"tales\"} 2.0")
        .contains("millrace_engine_time_to_first_token_seconds_sum{model=\"tales\"} 1.5")
        .contains("millrace_engine_time_between_tokens_seconds_sum{model=\"tales\"} 0.25");
  }

  @Test
  void shouldTurnUnhealthyWhenOnePartDoes() throws Exception {
    AtomicBoolean healthy = new AtomicBoolean(true);
    health.watch("router", () -> new Condition(true, "RUNNING"));
    health.watch("engine", () -> new Condition(healthy.get(), "step of 31 s"));

    HttpResponse<String> before = get("/health");
    healthy.set(false);
    HttpResponse<String> after = get("/health");

    assertThat(before.statusCode()).isEqualTo(200);
    assertThat(json(before).path("status").asText()).isEqualTo("up");
    assertThat(after.statusCode()).isEqualTo(503);
    assertThat(json(after).path("status").asText()).isEqualTo("down");
    assertThat(json(after).at("/parts/engine/healthy").asBoolean()).isFalse();
    assertThat(json(after).at("/parts/engine/detail").asText()).isEqualTo("step of 31 s");
    assertThat(json(after).at("/parts/router/healthy").asBoolean()).isTrue();
  }

  @Test
  void shouldAnswerNotFoundElsewhere() throws Exception {
    assertThat(get("/").statusCode()).isEqualTo(404);
    assertThat(get("/metricsandmore").statusCode()).isEqualTo(404);
    assertThat(get("/health/engine").statusCode()).isEqualTo(404);
  }

  @Test
  void shouldAnswerHeadWithoutBody() throws Exception {
    HttpResponse<String> response = send(HttpRequest.newBuilder(uri("/health")).HEAD().build());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEmpty();
  }

  @Test
  void shouldRefuseOtherMethods() throws Exception {
    HttpResponse<String> response = send(HttpRequest.newBuilder(uri("/health")).DELETE().build());

    assertThat(response.statusCode()).isEqualTo(405);
  }

  @Test
  void shouldNameTheSettingWhenPortIsTaken() {
    assertThatThrownBy(() -> OpsServer.start(server.address().getPort(), meters, health))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("port " + server.address().getPort())
        .hasMessageContaining("metrics.port");
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(HttpRequest.newBuilder(uri(path)).build());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.address().getPort() + path);
  }

  private static HttpResponse<String> send(HttpRequest request) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
  }

  private static JsonNode json(HttpResponse<String> response) throws Exception {
    return new ObjectMapper().readTree(response.body());
  }
}
