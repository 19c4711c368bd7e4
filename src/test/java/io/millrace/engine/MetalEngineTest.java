package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.metal.MetalBackend;
import io.millrace.metal.Simulator;
import io.millrace.model.TinyModel;
import io.millrace.tensor.Backend;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine on the Metal backend. Its texts are compared with those of the CPU. */
@Timeout(180)
class MetalEngineTest {
  private static final int SLOTS = 4;
  private static final int STEP_TOKENS = 40;

  private Simulator simulator;
  private long liveBefore;

  @BeforeEach
  void open() {
    simulator = Simulator.require();
    liveBefore = simulator.liveObjects();
  }

  @AfterEach
  void shouldDoNothingWrong() {
    assertThat(simulator.takeReport()).isEmpty();
    assertThat(simulator.liveObjects()).isEqualTo(liveBefore);
  }

  @Test
  void shouldGenerateWhatTheCpuGenerates() throws Exception {
    // Eight prompts on four slots: prefill in chunks beside decoding ones, pages shared and reused.
    List<GenerationRequest> requests =
        IntStream.range(0, 8)
            .mapToObj(i -> request("a common beginning of all " + i + "-".repeat(9 * i), 12 + i))
            .toList();

    List<int[]> onCpu = generate(() -> new CpuBackend(1), 12, requests);
    List<int[]> onMetal = generate(this::metal, 12, requests);

    assertThat(onMetal).usingRecursiveComparison().isEqualTo(onCpu);
  }

  @Test
  void shouldFailWhatRunsAndGoOnAfterTheGpuFailed() throws Exception {
    try (Engine engine = engine(this::metal, 64)) {
      int[] expected = submit(engine, request("again", 5)).get(120, TimeUnit.SECONDS);
      simulator.failNext("Caused GPU Hang Error");

      CompletableFuture<int[]> failed = submit(engine, request("again", 5));

      assertThat(failed)
          .failsWithin(120, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("Caused GPU Hang Error");
      assertThat(submit(engine, request("again", 5)).get(120, TimeUnit.SECONDS))
          .isEqualTo(expected);
      assertThat(engine.status().healthy()).isTrue();
    }
  }

  private Backend metal() {
    return MetalBackend.open(simulator.libraries());
  }

  private static List<int[]> generate(
      Supplier<Backend> backend, int pages, List<GenerationRequest> requests) throws Exception {
    try (Engine engine = engine(backend, pages)) {
      List<CompletableFuture<int[]>> running =
          requests.stream().map(request -> submit(engine, request)).toList();
      List<int[]> tokens = new ArrayList<>();
      for (CompletableFuture<int[]> result : running) {
        tokens.add(result.get(150, TimeUnit.SECONDS));
      }
      return tokens;
    }
  }

  private static Engine engine(Supplier<Backend> backend, int pages) {
    Supplier<Transformer> load =
        () -> {
          Backend device = backend.get();
          return new Transformer(
              TinyModel.load(device, ByteTokenizer.VOCAB_SIZE, STEP_TOKENS, SLOTS), device);
        };
    return BatchEngine.start(
        load.get(),
        load,
        new ByteTokenizer(),
        Optional.empty(),
        new BatchEngine.Settings(SLOTS, pages, "fingerprint", "test"),
        InstantSource.system());
  }

  /** The tokens, when the request has ended; its error, when it failed. */
  private static CompletableFuture<int[]> submit(Engine engine, GenerationRequest request) {
    CompletableFuture<int[]> result = new CompletableFuture<>();
    List<Integer> tokens = new ArrayList<>();
    engine.submit(
        request,
        event -> {
          switch (event) {
            case Tokens step -> Arrays.stream(step.tokens()).forEach(tokens::add);
            case Finished _ ->
                result.complete(tokens.stream().mapToInt(Integer::intValue).toArray());
            case Failed failed ->
                result.completeExceptionally(new IllegalStateException(failed.error().message()));
          }
        });
    return result;
  }

  private static GenerationRequest request(String prompt, int maxTokens) {
    Sampling greedy = new Sampling(0, 1, 0, 0, 0);
    return new GenerationRequest(
        prompt, prompt, maxTokens, greedy, List.of(), 0, OptionalLong.empty(), Progress.NONE);
  }
}
