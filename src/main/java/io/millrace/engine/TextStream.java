package io.millrace.engine;

import io.millrace.text.IncrementalDecoder;
import io.millrace.text.Tokenizer;
import java.util.List;

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
  private int published;

  TextStream(Tokenizer tokenizer, List<String> stops, int published) {
    this.decoder = new IncrementalDecoder(tokenizer);
    this.stops = new StopMatcher(stops);
    this.published = published;
  }

  void add(int token) {
    text.append(stops.add(decoder.add(token)));
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
