package io.millrace.topology;

import static java.util.Objects.requireNonNull;

import io.millrace.engine.GenerationRequest.Progress;
import java.util.Arrays;
import org.apache.kafka.common.header.Headers;

/**
 * A prompt as an earlier owner of the task left it in the store.
 *
 * @param work value of its record, as the router wrote it
 * @param headers of its record
 * @param fingerprint of the weights and the tokenizer that generated its tokens
 * @param segments pieces in which its progress was saved
 */
record SavedPrompt(
    String id, byte[] work, Headers headers, String fingerprint, Progress progress, int segments) {
  SavedPrompt {
    requireNonNull(id, "id is null");
    requireNonNull(work, "work is null");
    requireNonNull(headers, "headers is null");
    requireNonNull(fingerprint, "fingerprint is null");
    requireNonNull(progress, "progress is null");
  }

  /** This prompt with one more segment. */
  SavedPrompt plus(int[] tokens, int chars) {
    int[] saved = progress.tokens();
    int[] all = Arrays.copyOf(saved, saved.length + tokens.length);
    System.arraycopy(tokens, 0, all, saved.length, tokens.length);
    Progress further = new Progress(all, progress.publishedChars() + chars);
    return new SavedPrompt(id, work, headers, fingerprint, further, segments + 1);
  }
}
