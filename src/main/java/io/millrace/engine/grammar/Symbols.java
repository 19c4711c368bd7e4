package io.millrace.engine.grammar;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.engine.grammar.Symbol.Chain;
import io.millrace.engine.grammar.Symbol.Choice;
import io.millrace.engine.grammar.Symbol.Nested;
import io.millrace.engine.grammar.Symbol.Repeat;
import io.millrace.engine.grammar.Symbol.Rule;
import io.millrace.engine.grammar.Terminal.Literal;
import io.millrace.engine.grammar.Terminal.OneByte;
import io.millrace.engine.grammar.Terminal.OneCharacter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Makes the symbols of one grammar, up to a number of them. */
final class Symbols {
  /** A schema of 64 KiB that is meant well stays far below. */
  private static final int MOST = 50_000;

  private final List<Symbol> all = new ArrayList<>();

  Symbol oneByte(ByteSet values) {
    return kept(new OneByte(values));
  }

  /**
   * A character in UTF-8.
   *
   * @param firsts bytes with which it may begin
   */
  Symbol oneCharacter(ByteSet firsts) {
    return kept(new OneCharacter(firsts));
  }

  Symbol literal(String text) {
    return literal(text.getBytes(UTF_8));
  }

  private Symbol literal(byte[] bytes) {
    return kept(new Literal(bytes));
  }

  /** One of these texts, none of them empty; what they begin with in common is there once. */
  Symbol oneOf(Collection<String> texts) {
    List<byte[]> sorted =
        texts.stream()
            .distinct()
            .map(text -> text.getBytes(UTF_8))
            .sorted(Arrays::compareUnsigned)
            .toList();
    return oneOf(sorted, 0);
  }

  /** The bytes from {@code from} on, of texts that have those before in common. */
  private Symbol oneOf(List<byte[]> texts, int from) {
    List<Symbol> alternatives = new ArrayList<>();
    int next = 0;
    while (next < texts.size()) {
      byte[] first = texts.get(next);
      int end = next + 1;
      if (first.length == from) {
        alternatives.add(chain());
      } else {
        while (end < texts.size() && texts.get(end)[from] == first[from]) {
          end++;
        }
        // In a sorted list, what the first and the last have in common, all have.
        int common = Arrays.mismatch(first, texts.get(end - 1));
        int shared = common < 0 ? first.length : common;
        Symbol prefix = literal(Arrays.copyOfRange(first, from, shared));
        alternatives.add(chain(prefix, oneOf(texts.subList(next, end), shared)));
      }
      next = end;
    }
    return choice(alternatives);
  }

  Symbol chain(Symbol... parts) {
    return kept(new Chain(List.of(parts)));
  }

  Symbol choice(List<Symbol> alternatives) {
    return alternatives.size() == 1 ? alternatives.getFirst() : kept(new Choice(alternatives));
  }

  Symbol choice(Symbol... alternatives) {
    return choice(List.of(alternatives));
  }

  Symbol repeat(Symbol item, int min, int max) {
    return kept(new Repeat(item, min, max, false));
  }

  /**
   * The rest of a JSON string, with its quote.
   *
   * @param character a plain one, or also an escape
   */
  Symbol restOfString(Symbol character, int min, int max) {
    return chain(kept(new Repeat(character, min, max, true)), literal("\""));
  }

  Symbol nested(Symbol inside) {
    return kept(new Nested(inside));
  }

  Rule rule() {
    return kept(new Rule());
  }

  /**
   * The grammar's symbol, when all others are there.
   *
   * @throws SchemaException when no text matches it
   */
  Symbol finish(Symbol start) {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (Symbol symbol : all) {
        changed |= symbol.settle();
      }
    }
    if (start.leastDepth() > Automaton.MAX_DEPTH) {
      throw new SchemaException(
          "no text can match the schema, or none that is nested at most %d levels deep"
              .formatted(Automaton.MAX_DEPTH));
    }
    return start;
  }

  private <S extends Symbol> S kept(S symbol) {
    if (all.size() == MOST) {
      throw new SchemaException(
          "the schema is too large: its grammar has more than %,d symbols".formatted(MOST));
    }
    all.add(symbol);
    return symbol;
  }
}
