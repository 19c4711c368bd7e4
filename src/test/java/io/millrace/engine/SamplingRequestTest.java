package io.millrace.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.engine.GenerationError.Kind;
import io.millrace.engine.GenerationEvent.FinishReason;
import io.millrace.engine.GenerationRequest.Progress;
import io.millrace.engine.GeneratorRig.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What requests ask of sampling, through the whole generator. */
class SamplingRequestTest {
  private static final int END = ByteTokenizer.END;
  private static final int SECOND_END = 'e';
  private static final GeneratorRig rig = new GeneratorRig(new TwoEndsTokenizer());

  @AfterAll
  static void close() {
    rig.close();
  }

  @AfterEach
  void leaveLogitsAlone() {
    rig.changeLogits((row, logits) -> {});
  }

  @Test
  void shouldEndAtEachEndTokenOfTheModel() {
    for (int end : new int[] {END, SECOND_END}) {
      rig.changeLogits((row, logits) -> logits[end] = 1_000);

      Outcome outcome = rig.run(request(20, Sampling.GREEDY, stop(0, false)));

      assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
      assertThat(outcome.tokens()).isEmpty();
    }
  }

  @Test
  void shouldEndAtAStopToken() {
    Outcome whole = rig.run(request(20, Sampling.GREEDY, stop(0, false)));
    int stop = whole.tokens()[4];
    int first = IntStream.range(0, 5).filter(i -> whole.tokens()[i] == stop).findFirst().orElse(-1);

    Outcome outcome = rig.run(request(20, Sampling.GREEDY, stop(0, false, stop)));

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
    assertThat(outcome.tokens()).isEqualTo(Arrays.copyOf(whole.tokens(), first));
    assertThat(outcome.finished().usage().completionTokens()).isEqualTo(first);
  }

  @Test
  void shouldNotEndBeforeTheLeastNumberOfTokens() {
    rig.changeLogits((row, logits) -> {
      logits[END] = 1_000;
      logits['x'] = 900;
    });

    Outcome outcome = rig.run(request(20, Sampling.GREEDY, stop(7, false, 'x')));

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
    assertThat(outcome.tokens()).hasSize(7).doesNotContain('x', END);
  }

  @Test
  void shouldLookForStopTextsAfterTheLeastNumberOfTokens() {
    rig.changeLogits((row, logits) -> logits['x'] = 1_000);
    StopConditions stop = new StopConditions(List.of("x"), Set.of(), 5, false);

    Outcome outcome = rig.run(request(20, Sampling.GREEDY, stop));

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.STOP);
    assertThat(outcome.finished().text()).isEqualTo("xxxxx");
  }

  @Test
  void shouldTakeEndTokensForOrdinaryOnesWhenAsked() {
    rig.changeLogits((row, logits) -> logits[END] = 1_000);

    Outcome outcome = rig.run(request(5, Sampling.GREEDY, stop(0, true)));

    assertThat(outcome.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(outcome.tokens()).containsExactly(END, END, END, END, END);
    assertThat(outcome.finished().text()).isEmpty();
  }

  @Test
  void shouldFollowTheBias() {
    Sampling wanted = new Sampling(1, 1, 0, 0, Penalties.NONE, Map.of((int) 'q', 100.0), 3, 0);

    Outcome outcome = rig.run(request(6, wanted, stop(0, false)));

    assertThat(outcome.finished().text()).isEqualTo("qqqqqq");
  }

  @Test
  void shouldNotRepeatATokenUnderAStrongPenalty() {
    rig.changeLogits((row, logits) -> {
      for (int id = 0; id < logits.length; id++) {
        logits[id] = id >= 10 && id < 30 ? 1 + id / 100f : -100;
      }
    });
    Sampling sampling = new Sampling(0, 1, 0, 0, new Penalties(1, 2, 0), Map.of(), 0, 0);

    Outcome outcome = rig.run(request(20, sampling, stop(0, false)));

    assertThat(outcome.tokens()).doesNotHaveDuplicates().hasSize(20);
  }

  @Test
  void shouldRefuseTokensThatTheVocabularyDoesNotHave() {
    Sampling bias = new Sampling(1, 1, 0, 0, Penalties.NONE, Map.of(258, 1.0), 3, 0);

    Outcome biased = rig.run(request(5, bias, stop(0, false)));
    Outcome stopped = rig.run(request(5, Sampling.GREEDY, stop(0, false, 258)));

    assertThat(biased.failed().error())
        .isEqualTo(
            new GenerationError(
                Kind.INVALID_REQUEST,
                "logit_bias has token 258, expected ids from 0 to 257",
                "logit_bias"));
    assertThat(stopped.failed().error().param()).isEqualTo("stop_token_ids");
  }

  @Test
  void shouldEndOnlyTheSequenceWhoseLogitsAreNoNumbers() {
    AtomicInteger reads = new AtomicInteger();
    rig.changeLogits((row, logits) -> {
      if (reads.getAndIncrement() == 1) {
        logits[7] = Float.NaN;
      }
    });
    GenerationRequest[] requests = {request(10), request(10), request(10)};
    // What rules the token out must not hide it.
    requests[1] =
        request(
            10,
            new Sampling(1, 1, 0, 0, Penalties.NONE, Map.of(7, -100.0), 1, 0),
            stop(10, false, 7));

    List<Outcome> outcomes = rig.run(requests);

    assertThat(outcomes.get(0).tokens()).hasSize(10);
    assertThat(outcomes.get(1).failed().error())
        .isEqualTo(
            new GenerationError(
                Kind.ENGINE_ERROR, "sampling failed: the logit of token 7 is NaN", ""));
    assertThat(outcomes.get(2).tokens()).isEqualTo(outcomes.get(0).tokens());
  }

  @Test
  void shouldEndOnlyTheSequenceThatRunsIntoATokenWithoutText() {
    GenerationRequest bad =
        request(
            10,
            new Sampling(0, 1, 0, 0, Penalties.NONE, Map.of(TwoEndsTokenizer.BROKEN, 100.0), 1, 0),
            stop(0, false));

    List<Outcome> outcomes = rig.run(request(10), bad, request(10));

    assertThat(outcomes.get(1).failed().error().kind()).isEqualTo(Kind.ENGINE_ERROR);
    assertThat(outcomes.get(1).failed().error().message()).contains("no such token");
    assertThat(outcomes.get(0).tokens()).isEqualTo(outcomes.get(2).tokens()).hasSize(10);
  }

  @Test
  void shouldGoOnWithPenaltiesAndLeastTokensAsIfNothingHadHappened() {
    Sampling sampling =
        new Sampling(
            0.9, 0.95, 50, 0.01, new Penalties(1.3, 0.7, 0.4), Map.of(65, 2.0, 1, -100.0), 11, 0);
    GenerationRequest request = request(40, sampling, stop(30, false, 'z'));
    Outcome whole = rig.run(request);

    for (int saved = 0; saved <= whole.tokens().length; saved += 3) {
      int[] tokens = Arrays.copyOf(whole.tokens(), saved);
      int published = whole.textOfFirst(saved).length();
      Outcome rest = rig.run(Requests.resumed(request, new Progress(tokens, published)));

      assertThat(rest.finished().text()).isEqualTo(whole.finished().text());
      assertThat(IntStream.concat(Arrays.stream(tokens), Arrays.stream(rest.tokens())).toArray())
          .isEqualTo(whole.tokens());
    }
  }

  private static GenerationRequest request(int maxTokens) {
    return request(maxTokens, new Sampling(0, 1, 0, 0, 5), stop(maxTokens, false));
  }

  private static GenerationRequest request(int maxTokens, Sampling sampling, StopConditions stop) {
    return Requests.of(maxTokens, sampling, stop, ResponseFormat.TEXT);
  }

  private static StopConditions stop(int minTokens, boolean ignoreEndTokens, int... tokens) {
    Set<Integer> ids = Set.copyOf(Arrays.stream(tokens).boxed().toList());
    return new StopConditions(List.of(), ids, minTokens, ignoreEndTokens);
  }

  /** Has a second end token, and one that has no text. */
  private static final class TwoEndsTokenizer extends ByteTokenizer {
    static final int BROKEN = 1;

    @Override
    public Set<Integer> endOfGeneration() {
      return Set.of(END, SECOND_END);
    }

    @Override
    public byte[] bytes(int token) {
      if (token == BROKEN) {
        throw new IndexOutOfBoundsException("no such token");
      }
      return super.bytes(token);
    }
  }
}
