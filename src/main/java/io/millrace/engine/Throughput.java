package io.millrace.engine;

/** Tokens generated per second of computing, over about the last ten seconds of it. */
final class Throughput {
  private static final double WINDOW_SECONDS = 10;

  private double tokens;
  private double seconds;

  /** A step of {@code stepSeconds} generated {@code stepTokens}. */
  void add(int stepTokens, double stepSeconds) {
    double kept = Math.exp(-stepSeconds / WINDOW_SECONDS);
    tokens = tokens * kept + stepTokens;
    seconds = seconds * kept + stepSeconds;
  }

  /** 0 before the first step. */
  double perSecond() {
    return seconds == 0 ? 0 : tokens / seconds;
  }
}
