package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final float[] LOGITS = logits(0.4, 0.3, 0.15, 0.1, 0.05);

  @Test
  void shouldTakeTheLikeliestTokenAtTemperatureZero() {
    assertThat(sampler(0, 1, 0, 0).sample(new float[] {1, 3, 2}, 0)).isEqualTo(1);
  }

  @Test
  void shouldTakeTheLowestIdOfEquallyLikelyTokens() {
    assertThat(sampler(0, 1, 0, 0).sample(new float[] {1, 3, 3}, 0)).isEqualTo(1);
    assertThat(drawn(sampler(1, 1, 2, 0), new float[] {0, 5, 5, 5})).containsExactly(1, 2);
  }

  @Test
  void shouldFollowTheDistribution() {
    Sampler sampler = sampler(1, 1, 0, 0);

    int[] counts = new int[LOGITS.length];
    int draws = 100_000;
    for (int position = 0; position < draws; position++) {
      counts[sampler.sample(LOGITS, position)]++;
    }

    assertThat(counts[0] / (double) draws).isCloseTo(0.4, within(0.01));
    assertThat(counts[2] / (double) draws).isCloseTo(0.15, within(0.01));
    assertThat(counts[4] / (double) draws).isCloseTo(0.05, within(0.01));
  }

  @Test
  void shouldSharpenTheDistributionBelowTemperatureOne() {
    Sampler sampler = sampler(0.5, 1, 0, 0);

    int likeliest = 0;
    for (int position = 0; position < 10_000; position++) {
      likeliest += sampler.sample(LOGITS, position) == 0 ? 1 : 0;
    }

    double expected = 0.16 / (0.16 + 0.09 + 0.0225 + 0.01 + 0.0025);
    assertThat(likeliest / 10_000.0).isCloseTo(expected, within(0.02));
  }

  @Test
  void shouldKeepTheLikeliestK() {
    assertThat(drawn(sampler(1, 1, 3, 0), LOGITS)).containsExactly(0, 1, 2);
  }

  @Test
  void shouldKeepTheFewestThatReachTopP() {
    assertThat(drawn(sampler(1, 0.69, 0, 0), LOGITS)).containsExactly(0, 1);
    assertThat(drawn(sampler(1, 0.71, 0, 0), LOGITS)).containsExactly(0, 1, 2);
    assertThat(drawn(sampler(1, 1e-9, 0, 0), LOGITS)).containsExactly(0);
  }

  @Test
  void shouldKeepWhatHasMinPOfTheLikeliest() {
    assertThat(drawn(sampler(1, 1, 0, 0.3), LOGITS)).containsExactly(0, 1, 2);
    assertThat(drawn(sampler(1, 1, 0, 1), LOGITS)).containsExactly(0);
  }

  @Test
  void shouldOrderManyTokensForTopP() {
    float[] flat = new float[5_000];
    flat[4_321] = 1;

    Set<Integer> kept = drawn(sampler(1, 0.5, 0, 0), flat);

    assertThat(kept).contains(4_321).allMatch(id -> id < 2_500 || id == 4_321);
  }

  @Test
  void shouldDrawTheSameForEqualSeedAndPosition() {
    Sampler one = sampler(1, 1, 0, 0);
    Sampler other = sampler(1, 1, 0, 0);

    for (int position = 0; position < 100; position++) {
      assertThat(one.sample(LOGITS, position)).isEqualTo(other.sample(LOGITS, position));
    }
  }

  @Test
  void shouldRefuseLogitsThatAreNoDistribution() {
    for (Sampler sampler : new Sampler[] {sampler(0, 1, 0, 0), sampler(1, 1, 0, 0)}) {
      assertThatThrownBy(() -> sampler.sample(new float[] {0, Float.NaN}, 0))
          .isInstanceOf(ArithmeticException.class)
          .hasMessage("the logit of token 1 is NaN");
      assertThatThrownBy(() -> sampler.sample(new float[] {Float.POSITIVE_INFINITY, 0}, 0))
          .isInstanceOf(ArithmeticException.class);
      assertThatThrownBy(() -> sampler.sample(new float[] {Float.NEGATIVE_INFINITY}, 0))
          .isInstanceOf(ArithmeticException.class)
          .hasMessage("the logits of all tokens are -Infinity");
    }
  }

  private static Sampler sampler(double temperature, double topP, int topK, double minP) {
    return Sampler.of(new Sampling(temperature, topP, topK, minP, 42), new Candidates(5_000));
  }

  private static Set<Integer> drawn(Sampler sampler, float[] logits) {
    Set<Integer> drawn = new TreeSet<>();
    for (int position = 0; position < 2_000; position++) {
      drawn.add(sampler.sample(logits, position));
    }
    return drawn;
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(probabilities[i]);
    }
    return logits;
  }
}
