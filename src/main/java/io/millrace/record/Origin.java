package io.millrace.record;

import static java.util.Objects.requireNonNull;

/**
 * Where a record was read.
 *
 * @param timestamp the record's, epoch milliseconds
 */
public record Origin(String topic, int partition, long offset, long timestamp) {
  public Origin {
    requireNonNull(topic, "topic is null");
  }

  /** The id of a prompt that brings none: {@code <topic>-<partition>-<offset>}. */
  public String id() {
    return topic + "-" + partition + "-" + offset;
  }
}
