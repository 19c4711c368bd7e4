package io.millrace.engine.grammar;

import io.millrace.engine.grammar.Symbol.Chain;
import io.millrace.engine.grammar.Symbol.Choice;
import io.millrace.engine.grammar.Symbol.Nested;
import io.millrace.engine.grammar.Symbol.Repeat;
import io.millrace.engine.grammar.Symbol.Rule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A grammar as a machine that reads a text byte by byte. Its states are sets of stacks, as in
 * llama.cpp's grammars; they are made when a text first comes to them and kept, so that known ways
 * cost one array access for each byte. Stacks, because JSON nests; sets of them, because
 * alternatives may begin alike.
 *
 * <p>Every state that is reached can come to an end: symbols that no text matches are never
 * entered, and nesting goes only so deep that the way back is left. Used by one thread.
 */
final class Automaton {
  /** Levels of arrays and objects. */
  static final int MAX_DEPTH = 32;

  /** Alternatives that a text may be in at the same time. */
  private static final int MAX_FRAMES = 512;

  /** States and frames to keep; what is forgotten is made again. */
  private static final int MAX_STATES = 4_096;

  private static final int MAX_STACKS = 65_536;

  /** About a quarter of a second. */
  private static final int MAX_EFFORT = 5_000_000;

  private static final State DEAD = new State(List.of(), false);

  private final Symbol start;
  private final Map<List<Frame>, State> states = new HashMap<>();
  private final Map<List<Frame>, State> acceptingStates = new HashMap<>();
  private final Map<Stack, Frame> frames = new HashMap<>();
  private long frameCount;
  private int effort;

  /**
   * @param start finished by {@link Symbols#finish}
   */
  Automaton(Symbol start) {
    this.start = start;
  }

  /**
   * From now on so many stacks may be looked at; more are too many for one look at a vocabulary.
   */
  void allowEffort() {
    effort = MAX_EFFORT;
  }

  /** What makes equal frames one. */
  private record Stack(Symbol symbol, int position, Frame below) {}

  /** Before the first byte. */
  State start() {
    allowEffort();
    Expansion expansion = new Expansion();
    expansion.expand(frame(start, 0, Frame.BOTTOM));
    return expansion.state();
  }

  /**
   * After one more byte; a dead state when it does not fit.
   *
   * @param value 0 to 255
   * @throws SchemaException when the text may be in too many alternatives
   */
  State next(State state, int value) {
    State known = state.next[value];
    return known == null ? compute(state, value) : known;
  }

  /** Bytes that no frame tells apart lead to the same state, which is made once for all. */
  private State compute(State state, int value) {
    Expansion expansion = new Expansion();
    ByteSet alike = ByteSet.ALL;
    for (Frame frame : state.frames) {
      Terminal terminal = (Terminal) frame.symbol;
      int position = terminal.next(frame.position, value);
      if (position == Terminal.WHOLE) {
        expansion.expand(frame.below);
      } else if (position != Terminal.NONE) {
        expansion.expand(frame(terminal, position, frame.below));
      }
      alike = alike.and(terminal.alike(frame.position, value));
    }
    State next = expansion.state();
    for (int other = 0; other < state.next.length; other++) {
      if (alike.contains(other)) {
        state.next[other] = next;
      }
    }
    return next;
  }

  /** A state that allows the same next {@code bytes} bytes, one for many where there are counts. */
  State alike(State state, int bytes) {
    Expansion expansion = new Expansion();
    for (Frame frame : state.frames) {
      expansion.add(alike(frame, bytes));
    }
    expansion.accepting = state.accepting;
    return expansion.state();
  }

  private Frame alike(Frame frame, int bytes) {
    if (frame == Frame.BOTTOM) {
      return frame;
    }
    Frame below = alike(frame.below, bytes);
    int position =
        frame.symbol instanceof Repeat repeat
            ? repeat.alike(frame.position, bytes)
            : frame.position;
    return below == frame.below && position == frame.position
        ? frame
        : frame(frame.symbol, position, below);
  }

  private Frame frame(Symbol symbol, int position, Frame below) {
    if (frames.size() == MAX_STACKS) {
      frames.clear();
    }
    return frames.computeIfAbsent(
        new Stack(symbol, position, below),
        stack -> new Frame(symbol, position, below, ++frameCount));
  }

  /**
   * The state of these stacks.
   *
   * @param members each begins with a terminal; in order of their numbers
   */
  State state(List<Frame> members, boolean accepting) {
    if (states.size() + acceptingStates.size() >= MAX_STATES) {
      states.clear();
      acceptingStates.clear();
    }
    return (accepting ? acceptingStates : states)
        .computeIfAbsent(members, frames -> new State(frames, accepting));
  }

  /** Follows stacks to the bytes with which they may go on. */
  private final class Expansion {
    private final Deque<Frame> open = new ArrayDeque<>();
    private final Set<Frame> seen = new HashSet<>();
    private final List<Frame> members = new ArrayList<>();
    private boolean accepting;

    void expand(Frame first) {
      open.add(first);
      while (!open.isEmpty()) {
        Frame frame = open.removeLast();
        if (frame == Frame.BOTTOM) {
          accepting = true;
        } else if (seen.add(frame)) {
          if (--effort < 0) {
            throw new SchemaException(
                "the schema is too ambiguous: to follow its alternatives would take too long");
          }
          step(frame);
        }
      }
    }

    private void step(Frame frame) {
      Frame below = frame.below;
      int position = frame.position;
      switch (frame.symbol) {
        case Terminal terminal -> add(frame);
        case Chain chain when chain.parts.isEmpty() -> open.add(below);
        case Chain chain -> {
          boolean isLast = position + 1 == chain.parts.size();
          enter(chain.parts.get(position), isLast ? below : frame(chain, position + 1, below));
        }
        case Choice choice -> choice.alternatives.forEach(alternative -> enter(alternative, below));
        case Repeat repeat -> {
          if (position >= repeat.min) {
            open.add(below);
          }
          if (position < repeat.max) {
            boolean counts = repeat.max != Repeat.UNBOUNDED || position < repeat.min;
            enter(repeat.item, frame(repeat, counts ? position + 1 : position, below));
          }
        }
        case Nested nested when position == 0 -> enter(nested.inside, frame(nested, 1, below));
        case Nested nested -> open.add(below);
        case Rule rule -> enter(rule.definition(), below);
      }
    }

    /** Goes into a symbol unless its least nested text would be too deep here. */
    private void enter(Symbol symbol, Frame below) {
      if (below.depth + symbol.leastDepth() <= MAX_DEPTH) {
        open.add(frame(symbol, 0, below));
      }
    }

    void add(Frame frame) {
      if (members.size() == MAX_FRAMES) {
        throw new SchemaException(
            "the schema is too ambiguous: a text may be in more than %d of its alternatives at once"
                .formatted(MAX_FRAMES));
      }
      members.add(frame);
    }

    State state() {
      if (members.isEmpty() && !accepting) {
        return DEAD;
      }
      List<Frame> ordered =
          members.stream()
              .distinct()
              .sorted(Comparator.comparingLong(frame -> frame.number))
              .toList();
      return Automaton.this.state(ordered, accepting);
    }
  }
}
