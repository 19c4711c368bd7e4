package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LogitsProcessorTest {
  private static final float OUT = Float.NEGATIVE_INFINITY;

  @Test
  void shouldMakeTokensOfPromptAndCompletionLessLikelyOnce() {
    TokenHistory history = history(new int[] {0, 3}, 1, 1, 1);

    float[] logits = processed(penalties(2, 0, 0), history, 4, 3, 2, -1, -2);

    assertThat(logits).containsExactly(2, 1.5f, 2, -2, -2);
  }

  @Test
  void shouldSubtractPresenceOnceForTokensOfTheCompletion() {
    TokenHistory history = history(new int[] {0}, 1, 1, 2);

    float[] logits = processed(penalties(1, 0.5, 0), history, 4, 3, 2, 1);

    assertThat(logits).containsExactly(4, 2.5f, 1.5f, 1);
  }

  @Test
  void shouldSubtractFrequencyForEachTimeATokenCame() {
    TokenHistory history = history(new int[] {0}, 1, 1, 2);

    float[] logits = processed(penalties(1, 0, 0.5), history, 4, 3, 2, 1);

    assertThat(logits).containsExactly(4, 2, 1.5f, 1);
  }

  @Test
  void shouldRewardWithNegativePenalties() {
    float[] logits = processed(penalties(1, -1, -0.5), history(new int[] {0}, 1, 1), 0, 0);

    assertThat(logits).containsExactly(0, 2);
  }

  @Test
  void shouldCountTokensThatComeAfterItWasAskedFirst() {
    TokenHistory history = history(new int[] {0}, 1);
    List<LogitsProcessor> processors = of(penalties(1, 0, 1), StopConditions.texts(List.of()));
    processors.forEach(processor -> processor.process(new float[3], history));
    history.add(1);
    history.add(2);

    float[] logits = {0, 0, 0};
    processors.forEach(processor -> processor.process(logits, history));

    assertThat(logits).containsExactly(0, -2, -1);
  }

  @Test
  void shouldAddTheBiasBeforePenalties() {
    Sampling sampling =
        new Sampling(1, 1, 0, 0, new Penalties(2, 0, 0), Map.of(0, 6.0, 2, -100.0), 0, 0);

    float[] logits = processed(sampling, history(new int[] {0}), -2, 1, 3);

    assertThat(logits).containsExactly(2, 1, -97);
  }

  @Test
  void shouldRuleEndTokensOutUntilThereAreEnough() {
    StopConditions stop = new StopConditions(List.of(), Set.of(), 2, false);
    TokenHistory history = history(new int[] {0, 0, 0}, 1);
    float[] early = {1, 2, 3};
    float[] later = {1, 2, 3};

    of(Sampling.GREEDY, stop).forEach(processor -> processor.process(early, history));
    history.add(0);
    of(Sampling.GREEDY, stop).forEach(processor -> processor.process(later, history));

    assertThat(early).containsExactly(1, 2, OUT);
    assertThat(later).containsExactly(1, 2, 3);
  }

  @Test
  void shouldDoNothingUnlessAsked() {
    assertThat(of(new Sampling(0.7, 0.9, 5, 0.1, 1), StopConditions.texts(List.of("x")))).isEmpty();
  }

  private static Sampling penalties(double repetition, double presence, double frequency) {
    Penalties penalties = new Penalties(repetition, presence, frequency);
    return new Sampling(1, 1, 0, 0, penalties, Map.of(), 0, 0);
  }

  private static float[] processed(Sampling sampling, TokenHistory history, float... logits) {
    of(sampling, StopConditions.texts(List.of()))
        .forEach(processor -> processor.process(logits, history));
    return logits;
  }

  private static List<LogitsProcessor> of(Sampling sampling, StopConditions stop) {
    return LogitsProcessor.of(sampling, stop, Set.of(2));
  }

  private static TokenHistory history(int[] prompt, int... completion) {
    TokenHistory history = new TokenHistory(prompt);
    for (int token : completion) {
      history.add(token);
    }
    return history;
  }
}
