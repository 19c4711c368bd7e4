package io.millrace.topology;

import io.millrace.record.DeadLetter;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * The headers of a prompt's record, which travel with it to its chunks, its completion and its dead
 * letter: {@code traceparent}, correlation ids, whatever a client adds.
 */
final class CarriedHeaders {
  /** A record of the largest prompt and its headers must fit every topic. */
  static final int MAX_BYTES = 16 * 1024;

  private CarriedHeaders() {}

  /** Whether they are small enough to travel. */
  static boolean fit(Headers headers) {
    int bytes = 0;
    for (Header header : headers) {
      int value = header.value() == null ? 0 : header.value().length;
      bytes += header.key().length() + value + Integer.BYTES;
    }
    return bytes <= MAX_BYTES;
  }

  /** The headers if they are small enough, else none. */
  static Headers ifTheyFit(Headers headers) {
    return fit(headers) ? headers : new RecordHeaders();
  }

  /** The headers, and behind them the reasons of the letter. */
  static Headers with(DeadLetter letter, Headers headers) {
    Headers all = new RecordHeaders(headers);
    letter.headers().forEach(all::add);
    return all;
  }
}
