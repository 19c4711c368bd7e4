package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.Record;

/**
 * A prompt as an earlier owner of the task left it in the store.
 *
 * @param work value of its record, as the router wrote it
 * @param headers of its record
 * @param fingerprint of the weights and the tokenizer that generated its tokens
 * @param offset of its record on the lane
 * @param timestamp of its record, epoch milliseconds
 * @param attempts attempts in a row that added no token before the last of them
 * @param attemptSegments pieces that there were when the last attempt began
 * @param choices what was saved of each choice, by its index; those of which nothing was, are not
 *     there
 * @param segments pieces in which the choices were saved
 */
record SavedPrompt(
    String id,
    byte[] work,
    Headers headers,
    String fingerprint,
    long offset,
    long timestamp,
    int attempts,
    int attemptSegments,
    Map<Integer, SavedChoice> choices,
    int segments) {
  SavedPrompt {
    requireNonNull(id, "id is null");
    requireNonNull(work, "work is null");
    requireNonNull(headers, "headers is null");
    requireNonNull(fingerprint, "fingerprint is null");
    choices = Map.copyOf(choices);
  }

  /** What was saved of a choice. */
  SavedChoice choice(int index) {
    return choices.getOrDefault(index, SavedChoice.NONE);
  }

  /** This prompt with one more segment. */
  SavedPrompt plus(SavedPiece piece) {
    Map<Integer, SavedChoice> further = new HashMap<>(choices);
    further.put(piece.choice(), choice(piece.choice()).plus(piece));
    return new SavedPrompt(
        id,
        work,
        headers,
        fingerprint,
        offset,
        timestamp,
        attempts,
        attemptSegments,
        further,
        segments + 1);
  }

  /** This prompt after the begin of another attempt. */
  SavedPrompt withAttempt(int newAttempts, int newAttemptSegments) {
    return new SavedPrompt(
        id,
        work,
        headers,
        fingerprint,
        offset,
        timestamp,
        newAttempts,
        newAttemptSegments,
        choices,
        segments);
  }

  /** Its record as it was on the lane. */
  Record<byte[], byte[]> record() {
    return new Record<>(id.getBytes(UTF_8), work, timestamp, headers);
  }

  /** Attempts in a row, up to the last, that added no token. */
  int strikes() {
    return segments > attemptSegments ? 0 : attempts;
  }
}
