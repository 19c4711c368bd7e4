package io.millrace.engine.grammar;

import java.util.List;

/** Where a text may stand: every stack that its bytes so far leave. */
final class State {
  final List<Frame> frames;

  /** Whether the text may end here. */
  final boolean accepting;

  /** By byte value; null where nobody has looked. */
  final State[] next = new State[256];

  /** Tokens that may follow, a bit for each; null where nobody has asked. */
  long[] mask;

  /**
   * @param frames each begins with a terminal; in order of their numbers
   */
  State(List<Frame> frames, boolean accepting) {
    this.frames = frames;
    this.accepting = accepting;
  }

  /** Whether nothing can follow. */
  boolean isLast() {
    return frames.isEmpty();
  }

  boolean isDead() {
    return frames.isEmpty() && !accepting;
  }
}
