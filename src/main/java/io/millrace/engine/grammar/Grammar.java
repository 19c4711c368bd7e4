package io.millrace.engine.grammar;

import io.millrace.text.Tokenizer;

/**
 * What texts a request may be answered with. Made on any thread, then used by one: matchers of the
 * same grammar share what they find out.
 */
public final class Grammar {
  private final Automaton automaton;
  private final Vocabulary vocabulary;
  private final Tokenizer tokenizer;

  Grammar(Symbol start, Vocabulary vocabulary, Tokenizer tokenizer) {
    this.automaton = new Automaton(start);
    this.vocabulary = vocabulary;
    this.tokenizer = tokenizer;
  }

  /** A matcher before the first token. */
  public GrammarMatcher matcher() {
    return new GrammarMatcher(this, start());
  }

  State start() {
    return automaton.start();
  }

  State next(State state, int token) {
    State reached = state;
    for (byte value : tokenizer.bytes(token)) {
      reached = automaton.next(reached, value & 0xFF);
    }
    return reached;
  }

  /** A bit for each token that may follow. */
  long[] mask(State state) {
    if (state.mask == null) {
      State alike = automaton.alike(state, vocabulary.longest());
      if (alike.mask == null) {
        alike.mask = vocabulary.mask(automaton, alike);
      }
      state.mask = alike.mask;
    }
    return state.mask;
  }
}
