package io.millrace.engine.grammar;

import java.util.List;

/**
 * What a grammar is made of. Symbols are compared by identity, since {@link Rule}s make them refer
 * to each other in circles. {@link Symbols} makes them.
 */
abstract sealed class Symbol
    permits Terminal, Symbol.Chain, Symbol.Choice, Symbol.Repeat, Symbol.Nested, Symbol.Rule {
  /** More than any text is deep: no text is known to match. */
  static final int NO_TEXT = 1 << 20;

  private int leastDepth = NO_TEXT;

  /** Levels of nesting of the least nested text that matches; {@link #NO_TEXT} if none does. */
  final int leastDepth() {
    return leastDepth;
  }

  /** Works {@link #leastDepth} out from the parts; returns whether it is less than before. */
  final boolean settle() {
    int before = leastDepth;
    leastDepth = Math.min(leastDepth, Math.min(NO_TEXT, depthOfParts()));
    return leastDepth < before;
  }

  abstract int depthOfParts();

  private static int most(List<Symbol> parts) {
    return parts.stream().mapToInt(Symbol::leastDepth).max().orElse(0);
  }

  /** All parts, one after the other; nothing when there are none. */
  static final class Chain extends Symbol {
    final List<Symbol> parts;

    Chain(List<Symbol> parts) {
      this.parts = List.copyOf(parts);
    }

    @Override
    int depthOfParts() {
      return most(parts);
    }
  }

  /** One of the alternatives. */
  static final class Choice extends Symbol {
    final List<Symbol> alternatives;

    Choice(List<Symbol> alternatives) {
      this.alternatives = List.copyOf(alternatives);
    }

    @Override
    int depthOfParts() {
      return alternatives.stream().mapToInt(Symbol::leastDepth).min().orElse(NO_TEXT);
    }
  }

  /** {@code min} to {@code max} times the item, which is never empty. */
  static final class Repeat extends Symbol {
    static final int UNBOUNDED = Integer.MAX_VALUE;

    final Symbol item;
    final int min;
    final int max;
    final boolean isString;

    /**
     * @param isString whether these are the characters of a string, each a plain one or an escape,
     *     and its quote follows
     */
    Repeat(Symbol item, int min, int max, boolean isString) {
      this.item = item;
      this.min = min;
      this.max = max;
      this.isString = isString;
    }

    @Override
    int depthOfParts() {
      return min == 0 ? 0 : item.leastDepth();
    }

    /** How many more items may follow. */
    int room(int count) {
      return max == UNBOUNDED ? UNBOUNDED - 1 : max - count;
    }

    /**
     * A count that allows the same next {@code bytes} bytes: far from both bounds, counts make no
     * difference.
     */
    int alike(int count, int bytes) {
      if (count >= min && max - count > bytes) {
        return min;
      }
      return min - count > bytes ? 0 : count;
    }
  }

  /** The inside of an array or an object: one level deeper. */
  static final class Nested extends Symbol {
    final Symbol inside;

    Nested(Symbol inside) {
      this.inside = inside;
    }

    @Override
    int depthOfParts() {
      return 1 + inside.leastDepth();
    }
  }

  /** A name for a symbol, which may contain it. */
  static final class Rule extends Symbol {
    private Symbol definition;

    void define(Symbol symbol) {
      definition = symbol;
    }

    Symbol definition() {
      return definition;
    }

    @Override
    int depthOfParts() {
      return definition.leastDepth();
    }
  }
}
