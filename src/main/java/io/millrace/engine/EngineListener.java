package io.millrace.engine;

/** Hears how an engine gets on, for those who watch it. Called on the engine's thread. */
public interface EngineListener {
  /** Hears nothing. */
  EngineListener NONE =
      new EngineListener() {
        @Override
        public void step(StepReport report) {}

        @Override
        public void firstToken(double seconds) {}

        @Override
        public void nextToken(double seconds) {}
      };

  /** A step is over. */
  void step(StepReport report);

  /** A request has its first token, so long after it was submitted. */
  void firstToken(double seconds);

  /** A request has a further token, so long after the one before. */
  void nextToken(double seconds);

  /**
   * What a step did.
   *
   * @param seconds of the whole step
   * @param decoded tokens of sequences that generate
   * @param prefilled tokens of prompts, and of sequences that are computed again
   * @param cached tokens that need not be computed because their pages were in the prefix cache
   * @param preemptions sequences that gave up their pages for others
   */
  record StepReport(double seconds, int decoded, int prefilled, long cached, long preemptions) {}
}
