package io.millrace.topology;

import io.millrace.record.Prompt;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which worker got a prompt that begins like another lately, and so holds its beginning in the KV
 * cache. A beginning is a fixed number of characters, a few pages of the cache; shorter prompts
 * have nothing to share.
 */
final class Prefixes {
  private static final int PREFIX_CHARS = 256;
  private static final int MAX_PREFIXES = 4_096;

  private final Map<Integer, String> holders =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, String> eldest) {
          return size() > MAX_PREFIXES;
        }
      };

  /** The worker that got the last prompt which begins like this one. */
  Optional<String> holder(Prompt prompt) {
    return hash(prompt).map(holders::get);
  }

  void remember(Prompt prompt, String worker) {
    hash(prompt).ifPresent(hash -> holders.put(hash, worker));
  }

  /** Two beginnings with one hash cost a worse choice, nothing else. */
  private static Optional<Integer> hash(Prompt prompt) {
    return prompt.prompt().length() < PREFIX_CHARS
        ? Optional.empty()
        : Optional.of(prompt.prompt().substring(0, PREFIX_CHARS).hashCode());
  }
}
