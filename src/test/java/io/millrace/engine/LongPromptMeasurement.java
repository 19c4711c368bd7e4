package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.cpu.CpuBackend;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.model.Llama;
import io.millrace.model.ModelConfig;
import io.millrace.model.RandomWeights;
import io.millrace.tensor.DType;
import io.millrace.tensor.Rope;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What a prompt of 2,000 tokens does to eight sequences that decode: it may at most double the time
 * between their tokens. Prints the figures; run with {@code -Dtest=LongPromptMeasurement} on a
 * machine that does nothing else.
 */
class LongPromptMeasurement {
  private static final int DECODING = 8;
  private static final int PROMPT_TOKENS = 2_000;

  @Test
  void shouldPrintTheTimeBetweenTokensBesideALongPrompt() {
    ModelConfig config =
        new ModelConfig(
            "llama",
            ByteTokenizer.VOCAB_SIZE,
            1_024,
            8,
            16,
            4,
            64,
            2_816,
            1e-5f,
            4_096,
            Rope.standard(64, 10_000, Rope.Pairing.INTERLEAVED),
            ModelConfig.unlimited(8));
    CpuBackend backend = new CpuBackend(Runtime.getRuntime().availableProcessors());
    Llama llama = Llama.load(config, new RandomWeights(config, DType.Q8_0, 1), backend, 256, 16);
    Transformer transformer = new Transformer(llama, backend);
    Steps steps = new Steps();
    try (BatchGenerator generator =
        new BatchGenerator(
            transformer,
            () -> transformer,
            new ByteTokenizer(),
            DECODING + 1,
            1_024,
            InstantSource.system())) {
      generator.listen(steps);
      for (int i = 0; i < DECODING; i++) {
        submit(generator, "sequence " + i, 4_000);
      }
      steps(generator, 150); // warms up
      double[] alone = steps.take(generator, 60);
      submit(generator, "x".repeat(PROMPT_TOKENS - 1), 1);
      List<Double> beside = new ArrayList<>();
      int prefilled = 0;
      while (prefilled < PROMPT_TOKENS) {
        generator.step();
        prefilled += steps.last.prefilled();
        beside.add(steps.last.seconds());
      }
      double[] during = beside.stream().mapToDouble(Double::doubleValue).sorted().toArray();

      System.out.printf(
          "%d sequences decode: %.1f ms between tokens; while %,d tokens prefill in %d steps:"
              + " median %.1f ms, 95%% below %.1f ms; ratio %.2f (median), %.2f (95%%)%n",
          DECODING,
          1e3 * median(alone),
          PROMPT_TOKENS,
          during.length,
          1e3 * median(during),
          1e3 * during[(int) (0.95 * during.length)],
          median(during) / median(alone),
          during[(int) (0.95 * during.length)] / median(alone));
      assertThat(during.length).isGreaterThan(PROMPT_TOKENS / 256);
    }
  }

  private static double median(double[] sorted) {
    return sorted[sorted.length / 2];
  }

  private static void steps(BatchGenerator generator, int count) {
    for (int i = 0; i < count; i++) {
      generator.step();
    }
  }

  private static void submit(BatchGenerator generator, String prompt, int maxTokens) {
    GenerationRequest request =
        new GenerationRequest(
            "id",
            prompt,
            OptionalLong.empty(),
            maxTokens,
            new Sampling(1, 1, 0, 0, prompt.hashCode()),
            new StopConditions(List.of(), Set.of(), 0, true),
            OptionalInt.empty(),
            ResponseFormat.TEXT,
            0,
            OptionalLong.empty(),
            Progress.NONE);
    Submission submission =
        new Submission(
            request,
            event -> assertThat(event).isNotInstanceOf(Failed.class),
            prompt.hashCode(),
            new Stopwatch(System::nanoTime));
    generator.add(submission, new ByteTokenizer().encodePrompt(prompt), Optional.empty());
  }

  private static final class Steps implements EngineListener {
    private StepReport last;

    double[] take(BatchGenerator generator, int count) {
      double[] seconds = new double[count];
      for (int i = 0; i < count; i++) {
        generator.step();
        seconds[i] = last.seconds();
      }
      Arrays.sort(seconds);
      return seconds;
    }

    @Override
    public void step(StepReport report) {
      last = report;
    }

    @Override
    public void firstToken(double seconds) {}

    @Override
    public void nextToken(double seconds) {}
  }
}
