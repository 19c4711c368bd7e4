package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.GeneratorRig.Outcome;
import io.millrace.tensor.KvCache;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Many requests that begin with the same instructions. */
class SystemPromptTest {
  private static final int REQUESTS = 100;
  private static final int SYSTEM_TOKENS = 512;

  @Test
  void shouldComputeTheSystemPromptOnce() {
    // A token for each byte, and one that begins the sequence.
    String system = "You are a miller. ".repeat(30).substring(0, SYSTEM_TOKENS - 1);
    Counts counts = new Counts();
    List<Outcome> outcomes = new ArrayList<>();
    int own = 0;

    try (GeneratorRig rig = new GeneratorRig(new ByteTokenizer(), 1_024);
        BatchGenerator generator = rig.generator(GeneratorRig.MAX_SLOTS, 256)) {
      generator.listen(counts);
      for (int i = 0; i < REQUESTS; i++) {
        String question = "Question %d: how many sacks?".formatted(i);
        own += question.length();
        outcomes.add(rig.submit(generator, request(system + question)));
      }
      while (!generator.isIdle()) {
        generator.step();
      }
    }

    int cached = outcomes.stream().mapToInt(o -> o.finished().usage().cachedTokens()).sum();
    int limit = SYSTEM_TOKENS + own + REQUESTS * KvCache.PAGE_TOKENS;
    System.out.printf(
        "%d requests of %d + %d tokens on average: %,d prefilled of %,d, %,d from the cache;"
            + " allowed %,d%n",
        REQUESTS,
        SYSTEM_TOKENS,
        own / REQUESTS,
        counts.prefilled,
        REQUESTS * SYSTEM_TOKENS + own,
        cached,
        limit);
    assertThat(counts.prefilled).isLessThanOrEqualTo(limit);
    assertThat(counts.cached).isEqualTo(cached);
    assertThat(counts.prefilled + counts.cached).isEqualTo(REQUESTS * SYSTEM_TOKENS + own);
    assertThat(counts.firstTokens).isEqualTo(REQUESTS);
    assertThat(counts.nextTokens).isEqualTo(2 * REQUESTS);
  }

  private static GenerationRequest request(String prompt) {
    Sampling sampling = new Sampling(0, 1, 0, 0, 1);
    StopConditions stop = new StopConditions(List.of(), Set.of(), 0, true);
    return new GenerationRequest(
        "id",
        prompt,
        OptionalLong.empty(),
        3,
        sampling,
        stop,
        OptionalInt.empty(),
        ResponseFormat.TEXT,
        0,
        OptionalLong.empty(),
        Progress.NONE);
  }

  private static final class Counts implements EngineListener {
    private int prefilled;
    private int cached;
    private int firstTokens;
    private int nextTokens;

    @Override
    public void step(StepReport report) {
      prefilled += report.prefilled();
      cached += (int) report.cached();
    }

    @Override
    public void firstToken(double seconds) {
      firstTokens++;
    }

    @Override
    public void nextToken(double seconds) {
      nextTokens++;
    }
  }
}
