package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.Await;
import io.millrace.engine.GenerationEvent.Failed;
import io.millrace.engine.GenerationEvent.Finished;
import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.grammar.Grammars;
import io.millrace.tensor.KvCache;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The promise that text does not depend on load, driven step by step so that failures repeat. */
class BatchGeneratorTest {
  private static final ByteTokenizer TOKENIZER = new ByteTokenizer();
  private static final String SCHEMA =
      """
      {"type": "array", "items": {"type": "string", "maxLength": 6}, "maxItems": 9}
      """;
  private static final Grammars GRAMMARS = new Grammars(TOKENIZER);
  private static final int MAX_SLOTS = GeneratorRig.MAX_SLOTS;

  /** A request that is kept takes more, with its prompt and its tokens. */
  private static final int LEAST_LEAK_BYTES = 200;

  private static final GeneratorRig rig = new GeneratorRig(TOKENIZER);

  @AfterAll
  static void close() {
    rig.close();
  }

  @Test
  void shouldGiveTheSameTokensUnderAnySchedule() {
    Random random = new Random(20_250);
    for (int round = 0; round < 1_000; round++) {
      List<Trial> trials = new ArrayList<>();
      for (int i = random.nextInt(2, 8); i > 0; i--) {
        trials.add(Trial.random(random, trials.size()));
      }
      int slots = random.nextInt(1, MAX_SLOTS + 1);
      int pages = random.nextInt(6, 20); // one sequence takes six at the most

      runTogether(trials, slots, pages, random);

      for (Trial trial : trials) {
        Trial alone = trial.again();
        runTogether(List.of(alone), 1, 20, new Random(0));
        if (trial.cancelled) {
          assertThat(trial.tokens).isEqualTo(alone.tokens.subList(0, trial.tokens.size()));
        } else {
          assertThat(trial.tokens).as("round %d, %s", round, trial).isEqualTo(alone.tokens);
          assertThat(trial.end).isInstanceOf(Finished.class);
        }
      }
    }
  }

  @Test
  void shouldComputeACommonPrefixOnce() {
    int prefixLength = 4 * KvCache.PAGE_TOKENS;
    String prefix = "p".repeat(prefixLength - 1); // and the token that begins a sequence
    List<Trial> trials = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      trials.add(new Trial(prefix + "question " + i, 4, 0, 0, i));
    }

    runTogether(trials, MAX_SLOTS, 64, new Random(1));

    int computed =
        trials.stream().mapToInt(trial -> trial.finished().timings().promptTokens()).sum();
    int own = trials.stream().mapToInt(trial -> trial.prompt.length() + 1 - prefixLength).sum();
    assertThat(computed).isLessThanOrEqualTo(prefixLength + own + 30 * KvCache.PAGE_TOKENS);
    assertThat(trials.stream().filter(trial -> cached(trial) == prefixLength)).hasSize(29);
    for (Trial trial : trials) {
      Trial alone = trial.again();
      runTogether(List.of(alone), 1, 64, new Random(0));
      assertThat(trial.tokens).isEqualTo(alone.tokens);
      assertThat(cached(alone)).isZero();
    }
  }

  @Test
  void shouldForgetTheLeastRecentlyUsedPrefixFirst() {
    try (BatchGenerator generator = generator(1, 8)) {
      Trial first = new Trial("a".repeat(70), 1, 0, 0, 0);
      Trial second = new Trial("b".repeat(70), 1, 0, 0, 1);
      Trial other = new Trial("c".repeat(150), 1, 0, 0, 2); // takes five pages, four are free
      for (Trial trial : List.of(first, second, first.again(), other)) {
        run(generator, trial);
      }

      Trial recent = run(generator, first.again());
      Trial old = run(generator, second.again());

      assertThat(cached(recent)).isEqualTo(2 * KvCache.PAGE_TOKENS);
      // Of its two pages the second went: it is of no use without the first.
      assertThat(cached(old)).isEqualTo(KvCache.PAGE_TOKENS);
    }
  }

  @Test
  void shouldKeepNothingOfTenThousandRequestsMostOfThemCancelled() {
    Random random = new Random(3);
    List<WeakReference<Submission>> submissions = new ArrayList<>();
    try (BatchGenerator generator = generator(MAX_SLOTS, 24)) {
      runAndCancelAThousand(generator, random, 0, submissions);
      awaitNoneIsHeld(submissions);
      long early = heapInUse();

      for (int first = 1_000; first < 10_000; first += 1_000) {
        runAndCancelAThousand(generator, random, first, submissions);
      }
      awaitNoneIsHeld(submissions);
      long late = heapInUse();

      assertThat(generator.isIdle()).isTrue();
      assertThat(generator.status().pagesUsed()).isZero();
      assertThat(generator.status().waiting()).isZero();
      assertThat(generator.status().queuedTokens()).isZero();
      assertThat(late - early).isLessThan(9_000 * LEAST_LEAK_BYTES);
    }
  }

  private static void runAndCancelAThousand(
      BatchGenerator generator,
      Random random,
      int first,
      List<WeakReference<Submission>> submissions) {
    List<Trial> open = new ArrayList<>();
    for (int i = first; i < first + 1_000; i++) {
      Trial trial = Trial.random(random, i);
      trial.start(generator);
      submissions.add(new WeakReference<>(trial.submission));
      open.add(trial);
      while (open.size() > 12) {
        Trial victim = open.remove(random.nextInt(open.size()));
        victim.submission.cancel();
        generator.step();
        assertThat(victim.end).isNotNull();
      }
    }
    open.forEach(trial -> trial.submission.cancel());
    generator.step();
  }

  private static void awaitNoneIsHeld(List<WeakReference<Submission>> submissions) {
    Await.until(
        "no submission is held",
        () -> {
          System.gc();
          return submissions.removeIf(submission -> submission.get() == null)
              && submissions.isEmpty();
        });
  }

  private static long heapInUse() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static int cached(Trial trial) {
    return trial.finished().usage().cachedTokens();
  }

  private static BatchGenerator generator(int slots, int pages) {
    return rig.generator(slots, pages);
  }

  private static Trial run(BatchGenerator generator, Trial trial) {
    trial.start(generator);
    while (trial.end == null) {
      generator.step();
    }
    return trial;
  }

  /** Lets the trials arrive, and some be cancelled, at random steps. */
  private static void runTogether(List<Trial> trials, int slots, int pages, Random random) {
    try (BatchGenerator generator = generator(slots, pages)) {
      List<Trial> arriving = new ArrayList<>(trials);
      while (!arriving.isEmpty() || !generator.isIdle()) {
        while (!arriving.isEmpty() && random.nextInt(3) > 0) {
          arriving.removeFirst().start(generator);
        }
        trials.stream().filter(trial -> trial.wantsCancel()).forEach(Trial::cancel);
        generator.step();
      }
      assertThat(generator.status().pagesUsed()).isZero();
    }
  }

  /** A request and what came of it. */
  private static final class Trial {
    final String prompt;
    final int maxTokens;
    final int cancelAfter;
    final int priority;
    final long seed;
    final List<Integer> tokens = new ArrayList<>();
    GenerationEvent end;
    Submission submission;
    boolean cancelled;

    /**
     * @param cancelAfter tokens, 0 for never
     */
    Trial(String prompt, int maxTokens, int cancelAfter, int priority, long seed) {
      this.prompt = prompt;
      this.maxTokens = maxTokens;
      this.cancelAfter = cancelAfter;
      this.priority = priority;
      this.seed = seed;
    }

    static Trial random(Random random, int number) {
      // Few letters and few first letters, so that prompts often begin alike.
      String prompt = ("" + (char) ('a' + random.nextInt(2))).repeat(random.nextInt(1, 130));
      return new Trial(
          prompt + number % 3,
          random.nextInt(1, 60),
          random.nextInt(5) == 0 ? random.nextInt(1, 20) : 0,
          random.nextInt(3),
          number);
    }

    /** The same request, never cancelled. */
    Trial again() {
      return new Trial(prompt, maxTokens, 0, priority, seed);
    }

    void start(BatchGenerator generator) {
      GenerationRequest request =
          new GenerationRequest(
              prompt,
              prompt,
              OptionalLong.empty(),
              maxTokens,
              sampling(),
              stop(),
              OptionalInt.empty(),
              format(),
              priority,
              OptionalLong.empty(),
              Progress.NONE);
      submission = new Submission(request, this::hear, seed, new Stopwatch(System::nanoTime));
      generator.add(submission, TOKENIZER.encodePrompt(prompt), GRAMMARS.of(format()));
    }

    /** Every third request samples plainly; the others each use a few of the features. */
    private Sampling sampling() {
      Random random = new Random(seed);
      if (seed % 3 == 0) {
        return new Sampling(0.9, 1, 0, 0, seed);
      }
      return new Sampling(
          random.nextInt(3) == 0 ? 0 : 1.2,
          random.nextBoolean() ? 1 : 0.8,
          random.nextInt(3) * 20,
          random.nextBoolean() ? 0 : 0.02,
          new Penalties(random.nextBoolean() ? 1 : 1.4, random.nextInt(2), random.nextInt(2)),
          random.nextBoolean() ? Map.of() : Map.of(random.nextInt(256), 5.0),
          seed,
          (int) (seed % 4));
    }

    private StopConditions stop() {
      Random random = new Random(~seed);
      if (seed % 3 == 0) {
        return StopConditions.texts(List.of());
      }
      return new StopConditions(
          random.nextBoolean() ? List.of() : List.of("a", "\u0007\u0007"),
          random.nextBoolean() ? Set.of() : Set.of(random.nextInt(128), 128 + random.nextInt(128)),
          random.nextBoolean() ? 0 : random.nextInt(maxTokens),
          random.nextBoolean());
    }

    private ResponseFormat format() {
      return switch ((int) (seed % 5)) {
        case 1 -> new ResponseFormat.JsonObject();
        case 2 -> new ResponseFormat.JsonSchema(SCHEMA);
        default -> ResponseFormat.TEXT;
      };
    }

    boolean wantsCancel() {
      return submission != null && end == null && cancelAfter > 0 && tokens.size() >= cancelAfter;
    }

    void cancel() {
      cancelled = true;
      submission.cancel();
    }

    private void hear(GenerationEvent event) {
      switch (event) {
        case Tokens step -> Arrays.stream(step.tokens()).forEach(tokens::add);
        case Finished finished -> end = finished;
        case Failed failed -> end = failed;
      }
    }

    Finished finished() {
      return (Finished) end;
    }

    @Override
    public String toString() {
      return "%s max %d, priority %d, seed %d".formatted(prompt, maxTokens, priority, seed);
    }
  }
}
