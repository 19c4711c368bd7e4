package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.millrace.engine.GenerationEvent.Tokens;
import io.millrace.engine.GeneratorRig.Outcome;
import io.millrace.engine.TokenLogprobs.Entry;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogprobsTest {
  private static final ByteTokenizer TOKENIZER = new ByteTokenizer();

  @Test
  void shouldTellTheLogarithmsOfTheProbabilities() {
    float[] logits = logits();
    logits['a'] = (float) Math.log(0.5) + 7;
    logits['b'] = (float) Math.log(0.25) + 7;
    logits['c'] = (float) Math.log(0.25) + 7;

    TokenLogprobs logprobs = new Logprobs(2).of(logits, 'c', 3, TOKENIZER);

    assertThat(logprobs.textOffset()).isEqualTo(3);
    assertThat(logprobs.token().text()).isEqualTo("c");
    assertThat(logprobs.token().logprob()).isCloseTo(Math.log(0.25), within(1e-6));
    assertThat(logprobs.top()).extracting(Entry::text).containsExactly("a", "b");
    assertThat(logprobs.top().getFirst().logprob()).isCloseTo(Math.log(0.5), within(1e-6));
  }

  @Test
  void shouldOrderEquallyLikelyTokensByTheirIds() {
    float[] logits = new float[ByteTokenizer.VOCAB_SIZE];
    logits[200] = 1;

    TokenLogprobs logprobs = new Logprobs(4).of(logits, 5, 0, TOKENIZER);

    assertThat(logprobs.top()).extracting(Entry::id).containsExactly(200, 0, 1, 2);
  }

  @Test
  void shouldSpellTokensThatAreNoText() {
    float[] logits = new float[ByteTokenizer.VOCAB_SIZE];

    assertThat(new Logprobs(0).of(logits, 0xE2, 0, TOKENIZER).token().text())
        .isEqualTo("bytes:\\xe2");
    assertThat(new Logprobs(0).of(logits, ByteTokenizer.END, 0, TOKENIZER).token().text())
        .isEqualTo("<257>");
    assertThat(new Logprobs(0).of(logits, 'a', 0, TOKENIZER).top()).isEmpty();
  }

  @Test
  void shouldWriteNoInfinity() {
    TokenLogprobs logprobs = new Logprobs(20).of(logits(), 'b', 0, TOKENIZER);

    assertThat(logprobs.token().logprob()).isEqualTo(-9_999);
    assertThat(logprobs.top()).hasSize(20);
  }

  @Test
  void shouldLookAtTheLogitsBeforeAnythingChangesThem() {
    try (GeneratorRig rig = new GeneratorRig(TOKENIZER)) {
      Sampling plain = new Sampling(0, 1, 0, 0, 1);
      Sampling changed =
          new Sampling(0.7, 0.5, 3, 0.1, new Penalties(1.5, 1, 1), Map.of((int) 'q', 100.0), 1, 0);
      StopConditions stop = new StopConditions(List.of(), Set.of(), 5, false);

      Outcome likeliest = rig.run(Requests.withLogprobs(1, plain, stop, 3));
      Outcome biased = rig.run(Requests.withLogprobs(5, changed, stop, 3));
      Outcome silent = rig.run(Requests.of(5, changed, stop, ResponseFormat.TEXT));

      TokenLogprobs first = likeliest.steps().getFirst().logprobs().getFirst();
      TokenLogprobs unlikely = biased.steps().getFirst().logprobs().getFirst();
      assertThat(first.token()).isEqualTo(first.top().getFirst());
      assertThat(unlikely.top()).isEqualTo(first.top());
      assertThat(unlikely.token().text()).isEqualTo("q");
      assertThat(unlikely.token().logprob()).isLessThan(first.token().logprob());
      assertThat(biased.steps())
          .extracting(step -> step.logprobs().getFirst().textOffset())
          .containsExactly(0, 1, 2, 3, 4);
      assertThat(silent.steps()).extracting(Tokens::logprobs).containsOnly(List.of());
    }
  }

  @Test
  void shouldDrawOtherNumbersForEachChoice() {
    try (GeneratorRig rig = new GeneratorRig(TOKENIZER)) {
      List<int[]> texts =
          IntStream.range(0, 3)
              .mapToObj(choice -> new Sampling(1, 1, 0, 0, Penalties.NONE, Map.of(), 7, choice))
              .map(sampling -> rig.run(Requests.of(12, sampling, stop(), ResponseFormat.TEXT)))
              .map(Outcome::tokens)
              .toList();

      assertThat(texts).doesNotHaveDuplicates();
    }
  }

  private static StopConditions stop() {
    return StopConditions.texts(List.of());
  }

  private static float[] logits() {
    float[] logits = new float[ByteTokenizer.VOCAB_SIZE];
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    logits['a'] = 1;
    return logits;
  }
}
