package io.millrace.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Chooses a token from its logits. */
@FunctionalInterface
interface Sampler {
  /**
   * @param logits {@code [vocabSize]}
   * @param position of the token in its sequence
   * @throws ArithmeticException when the logits are no distribution
   */
  int sample(float[] logits, int position);

  /**
   * The sampler that a request asks for. As in vLLM, temperature comes first, then min-p, top-k and
   * top-p, each on what the one before has kept.
   *
   * @param candidates scratch, which samplers of one thread may share
   */
  static Sampler of(Sampling sampling, Candidates candidates) {
    if (sampling.temperature() == 0) {
      return (logits, position) -> Logits.argmax(logits);
    }
    List<Consumer<Candidates>> filters = filters(sampling);
    return (logits, position) -> {
      candidates.fill(logits, sampling.temperature());
      filters.forEach(filter -> filter.accept(candidates));
      return candidates.draw(CounterRandom.uniform(sampling.seed(), sampling.choice(), position));
    };
  }

  private static List<Consumer<Candidates>> filters(Sampling sampling) {
    List<Consumer<Candidates>> filters = new ArrayList<>();
    if (sampling.minP() > 0) {
      filters.add(candidates -> candidates.keepAtLeast(sampling.minP()));
    }
    if (sampling.topK() > 0) {
      filters.add(candidates -> candidates.keepLargest(sampling.topK()));
    }
    if (sampling.topP() < 1) {
      filters.add(candidates -> candidates.keepMass(sampling.topP()));
    }
    return filters;
  }
}
