package io.millrace.engine;

import io.millrace.text.IncrementalDecoder;
import io.millrace.text.Tokenizer;

/**
 * The text of a completion as its tokens arrive: whole characters, up to the first stop text.
 *
 * <p>The text depends on the tokens alone. So an attempt that is resumed feeds the saved tokens
 * again and publishes from where the earlier attempt left off.
 */
final class TextStream {
  private final IncrementalDecoder decoder;
  private final StopMatcher stops;
  private final StringBuilder text = new StringBuilder();
  private final int tokensBeforeStops;
  private int tokens;
  private int decodedChars;
  private int published;

  /**
   * @param stop its texts are looked for after its least number of tokens
   * @param published UTF-16 units of text that are not to be taken again
   */
  TextStream(Tokenizer tokenizer, StopConditions stop, int published) {
    this.decoder = new IncrementalDecoder(tokenizer);
    this.stops = new StopMatcher(stop.texts());
    this.tokensBeforeStops = stop.minTokens();
    this.published = published;
  }

  void add(int token) {
    String decoded = decoder.add(token);
    decodedChars += decoded.codePointCount(0, decoded.length());
    text.append(tokens++ < tokensBeforeStops ? decoded : stops.add(decoded));
  }

  /** No more tokens come: what was held back belongs to the text, unless a stop text has come. */
  void finish() {
    text.append(stops.add(decoder.flush()));
    text.append(stops.flush());
  }

  /** Whether a stop text has come. */
  boolean stopped() {
    return stops.stopped();
  }

  /** Whole characters (code points) of all tokens so far, those of a stop text included. */
  int decodedChars() {
    return decodedChars;
  }

  /** Text that has not been taken yet. */
  String take() {
    if (text.length() <= published) {
      return "";
    }
    String fresh = text.substring(published);
    published = text.length();
    return fresh;
  }

  /** All of the text so far. */
  String text() {
    return text.toString();
  }
}
