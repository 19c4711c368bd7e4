package io.millrace.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.record.Chunk;
import io.millrace.record.Completion;
import io.millrace.record.Completion.ErrorBody;
import io.millrace.record.DeadLetter;
import io.millrace.record.ErrorCode;
import io.millrace.record.Origin;
import io.millrace.record.WorkerStatus;
import io.millrace.topology.GeneratingChoice.Piece;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Forwards what a worker writes. Sizes are checked here: a record that the broker refuses would
 * fail the transaction of every prompt in it, again and again.
 */
final class WorkerOutputs {

  private final ProcessorContext<String, byte[]> context;
  private final Completions completions;
  private final int maxOutputBytes;

  WorkerOutputs(
      ProcessorContext<String, byte[]> context, Completions completions, int maxOutputBytes) {
    this.context = context;
    this.completions = completions;
    this.maxOutputBytes = maxOutputBytes;
  }

  /** Writes a chunk of a prompt that streams; returns false when it is too large. */
  boolean chunk(GeneratingPrompt prompt, Piece piece, long now) {
    byte[] value = chunk(prompt.id(), piece, Optional.empty());
    if (value.length > maxOutputBytes) {
      return false;
    }
    forward(prompt.id(), value, prompt.headers(), now, WorkerTopology.CHUNKS);
    return true;
  }

  /**
   * Writes the end of a prompt: the last chunk of each choice if it streams, and the completion.
   *
   * @param rest of each choice's tokens and text
   * @return the completion that was written: an error when the given one is too large
   */
  Completion end(GeneratingPrompt prompt, List<Piece> rest, Completion completion, long now) {
    List<byte[]> last =
        rest.stream()
            .map(piece -> chunk(prompt.id(), piece, Optional.of(finishReason(completion, piece))))
            .toList();
    byte[] value = completion.toJson();
    int largest = last.stream().mapToInt(chunk -> chunk.length).max().orElse(0);
    if (Math.max(largest, value.length) > maxOutputBytes) {
      List<Piece> hidden =
          rest.stream()
              .map(piece ->
                  new Piece(
                      piece.choice(),
                      piece.index(),
                      List.of(),
                      "",
                      Optional.empty(),
                      Optional.empty()))
              .toList();
      return giveUp(prompt, hidden, tooLarge(), now);
    }
    write(prompt, last, value, now);
    return completion;
  }

  /** Writes the end of a prompt that the worker gave up. */
  Completion end(GeneratingPrompt prompt, ErrorBody error, long now) {
    List<Piece> nothing = prompt.choices().stream().map(GeneratingChoice::nothing).toList();
    return giveUp(prompt, nothing, error, now);
  }

  private Completion giveUp(
      GeneratingPrompt prompt, List<Piece> nothing, ErrorBody error, long now) {
    Completion completion = completions.failed(prompt.prompt(), error, now);
    List<byte[]> last =
        nothing.stream().map(piece -> chunk(prompt.id(), piece, Optional.of(Chunk.ERROR))).toList();
    write(prompt, last, completion.toJson(), now);
    return completion;
  }

  private void write(GeneratingPrompt prompt, List<byte[]> last, byte[] completion, long now) {
    if (prompt.prompt().stream()) {
      last.forEach(
          chunk -> forward(prompt.id(), chunk, prompt.headers(), now, WorkerTopology.CHUNKS));
    }
    forward(prompt.id(), completion, prompt.headers(), now, WorkerTopology.COMPLETIONS);
  }

  /** Answers a record that holds no work, and keeps it where a person can look at it. */
  void refuse(Record<byte[], byte[]> record, Origin origin, ErrorBody error, long now) {
    String id = text(record.key()).filter(key -> !key.isEmpty()).orElseGet(origin::id);
    DeadLetter letter =
        new DeadLetter(id, record.key(), record.value(), origin, error, maxOutputBytes);
    Headers headers = CarriedHeaders.ifTheyFit(record.headers());
    deadLetter(letter, headers, now);
    Chunk last = new Chunk(id, 0, 0, "", List.of(), Optional.of(Chunk.ERROR));
    forward(id, last.toJson(), headers, now, WorkerTopology.CHUNKS);
    Completion completion =
        Completion.refused(id, Math.floorDiv(now, 1_000L), Optional.empty(), error, Map.of());
    forward(id, completion.toJson(), headers, now, WorkerTopology.COMPLETIONS);
  }

  /** Keeps the work of a prompt that is given up, where a person can look at it. */
  void deadLetter(SavedPrompt prompt, Origin origin, ErrorBody error, long now) {
    byte[] key = prompt.id().getBytes(UTF_8);
    DeadLetter letter =
        new DeadLetter(prompt.id(), key, prompt.work(), origin, error, maxOutputBytes);
    deadLetter(letter, prompt.headers(), now);
  }

  private void deadLetter(DeadLetter letter, Headers headers, long now) {
    forward(
        letter.id(),
        letter.value(),
        CarriedHeaders.with(letter, headers),
        now,
        WorkerTopology.DEAD_LETTERS);
  }

  void heartbeat(WorkerStatus status, long now) {
    forward(status.key(), status.toJson(), new RecordHeaders(), now, WorkerTopology.WORKERS);
  }

  /** That a prompt's output does not fit a record. */
  ErrorBody tooLarge() {
    return ErrorCode.OUTPUT_TOO_LARGE.error(
        "a part of the completion is larger than the %d bytes that a record may have; ask for fewer tokens"
            .formatted(maxOutputBytes),
        "max_tokens");
  }

  private static byte[] chunk(String id, Piece piece, Optional<String> finishReason) {
    return new Chunk(
            id,
            piece.choice(),
            piece.index(),
            piece.text(),
            piece.tokens(),
            piece.logprobs(),
            finishReason)
        .toJson();
  }

  private static String finishReason(Completion completion, Piece piece) {
    return completion.choices().isEmpty()
        ? Chunk.ERROR
        : completion.choices().get(piece.choice()).finishReason();
  }

  private void forward(String key, byte[] value, Headers headers, long now, String sink) {
    context.forward(new Record<>(key, value, now, headers), sink);
  }

  private static Optional<String> text(byte[] bytes) {
    try {
      return bytes == null
          ? Optional.empty()
          : Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }
}
