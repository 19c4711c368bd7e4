package io.millrace.engine;

import java.util.List;

/**
 * Finds stop texts in a stream of text. Text that may be the beginning of one is held back until it
 * is known not to be; of a stop text itself and of what follows nothing comes out. The result does
 * not depend on how the stream is cut: the stop text that is complete first ends it, the longest if
 * several are.
 */
final class StopMatcher {
  private final List<String> stops;
  private final int longest;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  StopMatcher(List<String> stops) {
    this.stops = List.copyOf(stops);
    this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
  }

  /** Takes text in; gives the text that is certain to belong to the completion. */
  String add(String text) {
    if (stopped || stops.isEmpty()) {
      return stopped ? "" : text;
    }
    int known = held.length();
    held.append(text);
    for (int end = known + 1; end <= held.length(); end++) {
      int length = stopEndingAt(end);
      if (length > 0) {
        stopped = true;
        String before = held.substring(0, end - length);
        held.setLength(0);
        return before;
      }
    }
    int certain = held.length() - beginningLength();
    String out = held.substring(0, certain);
    held.delete(0, certain);
    return out;
  }

  /** Whether a stop text has come. */
  boolean stopped() {
    return stopped;
  }

  /** What was held back, when the stream has ended. */
  String flush() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  private int stopEndingAt(int end) {
    int length = 0;
    for (String stop : stops) {
      if (stop.length() > length && endsWith(stop, stop.length(), end)) {
        length = stop.length();
      }
    }
    return length;
  }

  /** Length of the longest end of the held text that begins a stop text. */
  private int beginningLength() {
    for (int length = Math.min(longest - 1, held.length()); length > 0; length--) {
      for (String stop : stops) {
        if (length < stop.length() && endsWith(stop, length, held.length())) {
          return length;
        }
      }
    }
    return 0;
  }

  /** Whether the held text up to {@code end} ends with the first {@code length} units of a stop. */
  private boolean endsWith(String stop, int length, int end) {
    if (length > end) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (held.charAt(end - length + i) != stop.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
