package io.millrace.engine.grammar;

import io.millrace.engine.grammar.Symbol.Nested;
import io.millrace.engine.grammar.Symbol.Repeat;
import io.millrace.engine.grammar.Terminal.OneCharacter;

/**
 * A stack of what is still to come in a text: the rest of a symbol, then the frame below. {@link
 * Automaton} makes equal stacks the same object.
 */
final class Frame {
  /** After all has come. */
  static final Frame BOTTOM = new Frame();

  final Symbol symbol;
  final int position;
  final Frame below;
  final int depth;

  /** Orders the frames of a state. */
  final long number;

  private Frame() {
    symbol = null;
    position = 0;
    below = null;
    depth = 0;
    number = 0;
  }

  /**
   * @param position {@link Terminal#next} of a terminal; parts of a chain, or items of a repetition
   *     that have come; 1 inside a nested symbol
   * @param number above 0, unique in an automaton
   */
  Frame(Symbol symbol, int position, Frame below, long number) {
    this.symbol = symbol;
    this.position = position;
    this.below = below;
    this.depth = below.depth + (symbol instanceof Nested && position == 1 ? 1 : 0);
    this.number = number;
  }

  /** How many plain characters may follow, if this is where a character of a string begins. */
  int plainCharacters() {
    return symbol instanceof OneCharacter
            && position == Terminal.WHOLE
            && below.symbol instanceof Repeat repeat
            && repeat.isString
        // The count below is with the character that begins.
        ? repeat.room(below.position) + 1
        : 0;
  }
}
