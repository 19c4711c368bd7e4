package io.millrace.engine;

import io.millrace.engine.GenerationEvent.Timings;
import java.util.function.LongSupplier;

/** Times of one request, in nanoseconds of a monotonic clock. */
final class Stopwatch {
  private final LongSupplier nanoTime;
  private final long submitted;
  private long started;
  private long firstToken;
  private long lastToken;
  private long interval;
  private int promptTokens;
  private int decoded;

  Stopwatch(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.submitted = nanoTime.getAsLong();
  }

  /** A step begins that computes {@code tokens} of this request. */
  void step(int tokens) {
    if (promptTokens == 0) {
      started = nanoTime.getAsLong();
    }
    if (decoded == 0) {
      promptTokens += tokens;
    }
  }

  /** A token was sampled. */
  void token() {
    long now = nanoTime.getAsLong();
    interval = now - (decoded == 0 ? submitted : lastToken);
    lastToken = now;
    if (decoded++ == 0) {
      firstToken = now;
    }
  }

  /** Tells how long the last token took, from submission or from the token before. */
  void tell(EngineListener listener) {
    if (decoded == 1) {
      listener.firstToken(interval / 1e9);
    } else {
      listener.nextToken(interval / 1e9);
    }
  }

  Timings timings() {
    long now = nanoTime.getAsLong();
    long start = promptTokens == 0 ? now : started;
    long first = decoded == 0 ? now : firstToken;
    return new Timings(
        millis(start - submitted),
        millis(first - start),
        decoded == 0 ? 0 : millis(lastToken - firstToken),
        promptTokens,
        decoded);
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }
}
