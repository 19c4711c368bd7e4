package io.millrace.engine;

import io.millrace.model.TopLogits;
import java.util.OptionalInt;

/**
 * Chooses a token from the largest logits of a row alone, if that is certain to be the one that
 * {@link Sampler} chooses from the whole row: when all that its filters keep is among them.
 */
final class TopSampler {
  /** The sum over the row is computed in f32: how far from it a share must stay to be certain. */
  private static final double MARGIN = 1e-3;

  private final Sampling sampling;
  private final Candidates candidates;

  /**
   * @param candidates scratch, which samplers of one thread may share
   */
  TopSampler(Sampling sampling, Candidates candidates) {
    this.sampling = sampling;
    this.candidates = candidates;
  }

  /** Whether a request has filters that may keep only few tokens. */
  static boolean suits(Sampling sampling) {
    return sampling.temperature() > 0
        && (sampling.minP() > 0 || sampling.topK() > 0 || sampling.topP() < 1);
  }

  /**
   * The token, if these logits suffice.
   *
   * @param position of the token in its sequence
   */
  OptionalInt sample(TopLogits top, int position) {
    double least = candidates.fill(top, sampling.temperature());
    // Whether all that is kept so far is here; what is not here weighs no more than the least.
    boolean complete = false;
    if (sampling.minP() > 0) {
      candidates.keepAtLeast(sampling.minP());
      complete = least < sampling.minP();
    }
    if (sampling.topK() > 0) {
      complete |= sampling.topK() <= top.tokens().length;
      candidates.keepLargest(sampling.topK());
    }
    if (sampling.topP() < 1) {
      if (complete) {
        candidates.keepMass(sampling.topP());
      } else if (sampling.minP() > 0 || sampling.topK() > 0) {
        return OptionalInt.empty();
      } else {
        complete = candidates.keepMass(sampling.topP() * top.sum(), MARGIN);
      }
    }
    return complete
        ? OptionalInt.of(
            candidates.draw(CounterRandom.uniform(sampling.seed(), sampling.choice(), position)))
        : OptionalInt.empty();
  }
}
