package io.millrace.topology;

import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;

/**
 * Settings of the topics behind the stores. A new owner reads such a topic whole, most of which is
 * about prompts that have ended: small segments, closed and compacted early, keep it short.
 */
final class Changelog {
  /** Room for keys, headers and the framing of a batch, in bytes. */
  private static final int RECORD_OVERHEAD = 64 * 1024;

  private Changelog() {}

  /**
   * @param maxValueBytes largest value in the store
   */
  static Map<String, String> config(int maxValueBytes) {
    return Map.of(
        TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(maxValueBytes + RECORD_OVERHEAD),
        TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(8 << 20),
        TopicConfig.SEGMENT_MS_CONFIG, "600000",
        TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1",
        TopicConfig.DELETE_RETENTION_MS_CONFIG, "600000");
  }
}
